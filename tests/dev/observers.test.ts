import { afterAll, afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AlertsReply, Overview } from "../../contracts/api-queries.ts";
import { SERVICE_NAMES } from "../../contracts/services.ts";
import { allGone, findProcess, processTree } from "../../shared/process-tree.ts";
import { endWithUs } from "../../tui/engines/spawn-server.ts";
import { describeUnless } from "../support/describe-unless.ts";
import { commandOf, createDevRuns, type Dev } from "../support/dev-run.ts";
import { eventually } from "../support/wait.ts";
import { whyUnwatched } from "../support/watchers.ts";

setDefaultTimeout(120_000);

const runs = createDevRuns();
afterEach(runs.stop);
afterAll(runs.remove);

/** Finds the process of a program that `dev` started. */
const processOf = (dev: Dev, program: string) =>
  processTree(dev.child.pid).find(({ pid }) =>
    new RegExp(`^\\S*/(prometheus-)?${program} --`).test(commandOf(pid)),
  );
const addressOf = (name: string) =>
  runs.state().addresses.find((row) => row.name === name)?.address ?? `(no address of ${name})`;

describeUnless(whyUnwatched(), "bun run dev with Prometheus installed", () => {
  test("shows alerts, restarts a crashed Prometheus, and leaves neither Prometheus nor Alertmanager running after Ctrl-C", async () => {
    const dev = runs.start(["--no-reload"]);
    await dev.prints(/Prometheus \S+ on 127\.0\.0\.1:\d+, ready/);
    await dev.prints(/Alertmanager \S+ on 127\.0\.0\.1:\d+, ready/);
    const { capabilities } = await runs.get<Overview>("read-model", "/overview");
    expect(capabilities).toMatchObject({ prometheus: true, alerts: true });
    expect(await runs.get<AlertsReply>("read-model", "/alerts")).toMatchObject({ source: "alertmanager" });

    const up = async (): Promise<string[]> => {
      const response = await fetch(`${addressOf("prometheus")}/api/v1/query?query=up%20==%201`);
      const { data } = (await response.json()) as { data: { result: { metric: { job: string } }[] } };
      return data.result.map(({ metric }) => metric.job).sort();
    };
    const jobs = [...SERVICE_NAMES, "alertmanager", "prometheus"].sort();
    await eventually(async () => (await up()).join() === jobs.join(), { what: "every job to be scraped" });

    process.kill(processOf(dev, "prometheus")!.pid, "SIGKILL");
    await dev.prints(/Prometheus \S+ was terminated by SIGKILL[\s\S]*Prometheus \S+ on \S+ answers again/);
    // The restarted Prometheus still has its data.
    expect(await up()).toEqual(jobs);

    const tree = processTree(dev.child.pid);
    dev.child.kill("SIGINT");
    expect(await dev.child.exited).toBe(0);
    await allGone(tree, 1_000);
  });

  const canEndWithUs = endWithUs("SIGTERM").length > 0;
  if (!canEndWithUs && !process.env.CI)
    console.warn(
      "Skipping the test that kills bun run dev: Prometheus ends with it only on Linux with setpriv from util-linux",
    );

  test.skipIf(!canEndWithUs && !process.env.CI)(
    "leaves neither Prometheus nor Alertmanager running when it is killed",
    async () => {
      const dev = runs.start(["--no-reload"]);
      await dev.prints(/Alertmanager \S+ on \S+ ready/);
      await dev.prints(/Prometheus \S+ on \S+ ready/);
      const left = [processOf(dev, "prometheus")!, processOf(dev, "alertmanager")!];
      expect(left.every(({ pid }) => findProcess(pid))).toBe(true);
      dev.child.kill("SIGKILL");
      await allGone(left, 20_000);
    },
  );

  test("starts neither Prometheus nor Alertmanager if the environment sets the URL of one of them", async () => {
    const dev = runs.start(["--no-reload"], ["env", "PROMETHEUS_URL=http://127.0.0.1:1"]);
    await dev.prints(/Up in/);
    await runs.completed(await runs.submitHash());
    const { capabilities } = await runs.get<Overview>("read-model", "/overview");
    expect(capabilities).toMatchObject({ prometheus: true, alerts: false });
    expect(processOf(dev, "prometheus")).toBeUndefined();
    expect(dev.output()).not.toMatch(/alertmanager/i);
  });

  test("continues if Prometheus cannot be started, and says so", async () => {
    const folder = join(runs.dataDir, "broken");
    mkdirSync(folder);
    writeFileSync(join(folder, "prometheus"), "#!/bin/sh\necho no room >&2; exit 3\n", { mode: 0o755 });
    const dev = runs.start(["--no-reload"], ["env", `PATH=${folder}:${process.env.PATH}`]);
    await dev.prints(/no room\n {2}The observatory continues without prometheus/);
    await runs.completed(await runs.submitHash());
    dev.child.kill("SIGTERM");
    expect(await dev.child.exited).toBe(0);
  });
});
