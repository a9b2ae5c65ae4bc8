import { afterAll, afterEach, expect, test } from "bun:test";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { JOB_SERVICES } from "../../contracts/services.ts";
import { jobTypeText } from "../../shared/job-types/scaffold/template.ts";
import { processTree } from "../../shared/process-tree.ts";
import { until } from "../../shared/until.ts";
import { commandOf, createDevRuns, type Dev } from "../support/dev-run.ts";
import { copyProject } from "../support/project-copy.ts";

const copy = copyProject();
const runs = createDevRuns(copy.root);
afterEach(runs.stop);
afterAll(() => {
  runs.remove();
  copy.remove();
});

const source = (file: string) => join(copy.root, file);

test("no submission fails while every service is repeatedly replaced", async () => {
  const dev = runs.start(["--fresh"]);
  await dev.prints(/Up in/);
  const load = startSubmitting(`${runs.state().services.gateway}/jobs`);
  for (let reload = 1; reload <= 3; reload++) {
    const before = load.accepted();
    appendFileSync(source("shared/log.ts"), "// changed\n");
    await timesReady(dev, reload);
    await until(() => load.accepted() > before + 20, {
      timeoutMs: 30_000,
      what: () => "submissions after a reload",
    });
  }
  expect(await load.stop()).toEqual([]);
  expect(dev.output()).not.toMatch(/exited with code|was terminated by/);
});

test("edited and added job types take effect; a syntax error is reported once while the old source keeps running", async () => {
  const dev = runs.start([]);
  await dev.prints(/Up in/);
  const before = servicePids(dev);
  const sleep = source("shared/job-types/sleep.ts");
  const intact = readFileSync(sleep, "utf8");

  writeFileSync(sleep, intact.replace("sleptMs: ms", "sleptMs: = ms"));
  await dev.prints(/shared\/job-types\/sleep\.ts:\d+:\d+: Unexpected =/);
  appendFileSync(sleep, "// still broken\n");
  writeFileSync(source("shared/job-types/greet.ts"), jobTypeText("greet"));
  await runs.completed(await runs.submit({ type: "sleep" }));
  expect(servicePids(dev)).toEqual(before);

  writeFileSync(sleep, intact.replace("sleptMs: ms", "naps: 1, sleptMs: ms"));
  await dev.prints(/processor on \S+ ready again/);
  await dev.prints(/gateway on \S+ ready again/);
  expect(dev.output().match(/Unexpected =/g)).toHaveLength(1);
  expect((await runs.completed(await runs.submit({ type: "sleep" }))).result).toMatchObject({ naps: 1 });
  const greeting = await runs.completed(await runs.submit({ type: "greet", payload: { name: "Ada" } }));
  expect(greeting.result).toEqual({ greeting: "Hello, Ada" });
  expect(servicePids(dev).processor).not.toBe(before.processor!);
});

test("editing one service's file restarts only that service", async () => {
  const dev = runs.start([]);
  await dev.prints(/Up in/);
  const { gateway, ...others } = servicePids(dev);
  appendFileSync(source("services/gateway/recent-keys.ts"), "// changed\n");
  await dev.prints(/recent-keys\.ts changed: restarting gateway\n[\s\S]*gateway on \S+ ready again/);
  const { gateway: next, ...same } = servicePids(dev);
  expect(next).not.toBe(gateway!);
  expect(same).toEqual(others);
});

test("services keep running if changed source parses but fails at startup, and the error is reported once", async () => {
  const dev = runs.start([]);
  await dev.prints(/Up in/);
  const before = servicePids(dev);
  appendFileSync(source("shared/log.ts"), 'throw new Error("this source is broken");\n');
  for (const name of JOB_SERVICES)
    await dev.prints(
      new RegExp(
        `${name} exited with code 1 when started from the new source, so the previous process continues`,
      ),
    );
  expect(dev.output().match(/error: this source is broken/g)).toHaveLength(1);
  expect(servicePids(dev)).toEqual(before);
  await runs.completed(await runs.submit({ type: "sleep" }));
});

/** Resolves once every service has become ready again this many times. */
async function timesReady(dev: Dev, times: number): Promise<void> {
  await until(
    () =>
      JOB_SERVICES.every(
        (name) =>
          (dev.output().match(new RegExp(`^${name} on \\S+ ready again`, "gm")) ?? []).length >= times,
      ),
    { timeoutMs: 60_000, what: () => `reload ${times}:\n${dev.output()}` },
  );
}

/** Submits continuously on both persistent and new connections; `stop` returns the failures. */
function startSubmitting(url: string) {
  const failures: string[] = [];
  let accepted = 0;
  let isOver = false;
  const submit = async (keepalive: boolean) => {
    while (!isOver) {
      try {
        const reply = await fetch(url, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: '{"type":"sleep"}',
          keepalive,
        });
        const text = await reply.text();
        if (reply.status === 202) accepted++;
        else failures.push(`${reply.status} ${text}`);
      } catch (error) {
        failures.push(String(error));
      }
    }
  };
  const under = Promise.all([true, true, false, false].map(submit));
  return {
    accepted: () => accepted,
    async stop() {
      isOver = true;
      await under;
      return failures;
    },
  };
}

/** Returns each service's serving process: the youngest, because its predecessor may still be finishing its work. */
function servicePids(dev: Dev): Record<string, number> {
  return Object.fromEntries(
    processTree(dev.child.pid).flatMap(({ pid }) => {
      const name = /services[/\\]([\w-]+)[/\\]main\.ts/.exec(commandOf(pid))?.[1];
      return name ? [[name, pid]] : [];
    }),
  );
}
