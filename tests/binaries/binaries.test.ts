import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JobTypeInfo } from "../../contracts/job-type.ts";
import { SERVICE_NAMES } from "../../contracts/services.ts";
import { BINARIES } from "../../tui/build/binaries.ts";
import type { StatusReport } from "../../tui/cli/outputs.ts";
import { createEngineFolder } from "../support/engine-folder.ts";
import { TEST_BINARIES } from "../support/service-process.ts";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";

const projectDir = join(import.meta.dir, "../..");
const folder = mkdtempSync(join(tmpdir(), "observatory-binaries-"));
const before = process.env[TEST_BINARIES];

beforeAll(async () => {
  const env = { ...process.env, COMMIT: "0123456789ab", SOURCE_DATE_EPOCH: "1700000000" };
  await run([process.execPath, "tui/build/main.ts", "--out", folder], env);
  process.env[TEST_BINARIES] = folder;
}, 120_000);

afterAll(() => {
  if (before === undefined) delete process.env[TEST_BINARIES];
  else process.env[TEST_BINARIES] = before;
  rmSync(folder, { recursive: true });
});

test("a binary prints its name, version, commit, build time and platform", async () => {
  for (const { name } of BINARIES) {
    const { code, output } = await ask([join(folder, name), "--version"]);
    expect(code).toBe(0);
    expect(output).toMatch(
      new RegExp(
        `^${name} \\d+\\.\\d+\\.\\d+ \\(commit 0123456789ab, built 2023-11-14T22:13:20Z, ${process.platform}-`,
      ),
    );
  }
});

test("the odd-dashboard binary runs the whole system without a clone of the repository", async () => {
  const place = createEngineFolder("observatory-place-");
  const program = join(folder, "odd-dashboard");
  const env = { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "" };
  const cli = async (...args: string[]) => {
    const child = Bun.spawn([program, ...args], { cwd: place, env, stdout: "pipe", stderr: "pipe" });
    const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    return { code: await child.exited, out, err };
  };
  expect(await cli("down")).toMatchObject({ code: 1, err: expect.stringContaining("No system is running") });
  const up = Bun.spawn([program, "up"], { cwd: place, env, stdout: "pipe", stderr: "inherit" });
  try {
    const printed = up.stdout.text();
    await eventually(async () => (await cli("status", "--output", "json")).out.includes('"processor"'), {
      what: "the system to be up",
      timeoutMs: 60_000,
      everyMs: 200,
    });
    const { owner, engines, services } = JSON.parse(
      (await cli("status", "--output", "json")).out,
    ) as StatusReport;
    expect([owner?.pid, engines, services.map(({ ready }) => ready)]).toEqual([
      up.pid,
      "embedded",
      [true, true, true, true],
    ]);
    const submitted = await cli("submit", "hash", "--payload", '{"text":"alone","rounds":1000}', "--wait");
    expect(submitted).toMatchObject({ code: 0, out: expect.stringContaining("● completed") });
    expect(await cli("down")).toMatchObject({ code: 0, out: expect.stringContaining("Stopped") });
    expect(await up.exited).toBe(0);
    expect(await printed).toContain(`kept in ${join(place, ".observatory")}`);
  } finally {
    up.kill("SIGTERM");
    await up.exited;
    rmSync(place, { recursive: true });
  }
});

behavior("the compiled services", {}, (world) => {
  test("run a job of every type", async () => {
    const reply = await fetch(`${world().gateway()}/job-types`);
    const { jobTypes } = (await reply.json()) as { jobTypes: JobTypeInfo[] };
    expect(jobTypes.length).toBeGreaterThanOrEqual(6);
    for (const { name, example } of jobTypes) {
      const payload = name === "http-check" ? { url: `${world().gateway()}/healthz` } : example;
      const id = await world().submit({ type: name, payload, maxAttempts: name === "fail" ? 1 : 5 });
      const { status, attempts } = await eventually(
        async () => {
          const job = await world().job(id);
          return (job.status === "COMPLETED" || job.status === "FAILED") && job;
        },
        { what: `the ${name} job to end` },
      );
      const error = attempts.at(-1)?.error?.message;
      expect({ name, status, error: name === "fail" ? undefined : error }).toEqual({
        name,
        status: name === "fail" ? "FAILED" : "COMPLETED",
        error: undefined,
      });
    }
  });

  test("serve their documentation with its script and style", async () => {
    for (const url of [world().gateway(), world().readModel()])
      for (const [path, bytes] of [
        ["/docs", 200],
        ["/docs/start.js", 50],
        ["/docs/swagger-ui-bundle.js", 1_000_000],
        ["/docs/swagger-ui.css", 100_000],
        ["/openapi.json", 5_000],
      ] as const) {
        const reply = await fetch(`${url}${path}`);
        expect(reply.status).toBe(200);
        expect((await reply.arrayBuffer()).byteLength).toBeGreaterThan(bytes);
      }
  });

  test("also run from odd-dashboard, including their worker threads", async () => {
    for (const name of SERVICE_NAMES) {
      const { code, output } = await ask([join(folder, "odd-dashboard"), "service", name, "--version"]);
      expect([code, output]).toEqual([0, expect.stringContaining(`${name} `)]);
    }
    const [worker] = world().workers;
    await worker!.stop();
    const child = Bun.spawn([join(folder, "odd-dashboard"), "service", "processor"], {
      env: { ...world().urls, PORT: new URL(worker!.url).port },
      cwd: tmpdir(),
      stdout: "ignore",
    });
    const id = await world().submit({ type: "hash", payload: { text: "from the binary", rounds: 1_000 } });
    await world().untilStatus(id, "COMPLETED");
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
    await world().start("processor");
  });

  test("check their own health, exiting with 0 while ready and 1 once stopped", async () => {
    const { gateway } = world().running;
    const check = () => ask([join(folder, "gateway"), "--healthcheck"], { PORT: new URL(gateway.url).port });
    expect(await check()).toEqual({ code: 0, output: "gateway is ready\n" });
    await gateway.kill();
    expect(await check()).toMatchObject({ code: 1 });
    await world().start("gateway");
  });
});

async function ask(command: string[], env: Readonly<Record<string, string>> = {}) {
  const child = Bun.spawn(command, { env, cwd: tmpdir(), stdout: "pipe", stderr: "pipe" });
  return { output: await child.stdout.text(), code: await child.exited };
}

async function run(command: string[], env: Readonly<Record<string, string | undefined>>): Promise<void> {
  const child = Bun.spawn(command, { cwd: projectDir, env, stdout: "pipe", stderr: "pipe" });
  const [printed, complaints] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")} failed:\n${printed}${complaints}`);
}
