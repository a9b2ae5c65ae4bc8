import { afterAll, afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync, rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import type { JobPage } from "../../contracts/api-queries.ts";
import { SERVICE_NAMES } from "../../contracts/services.ts";
import { STATE_FILE_NAME } from "../../shared/dev-state.ts";
import { JOB_TYPES } from "../../shared/job-types/registry.ts";
import { allGone, type ProcessInfo, processTree } from "../../shared/process-tree.ts";
import { findAlertmanager } from "../../tui/engines/alertmanager.ts";
import { findPrometheus } from "../../tui/engines/prometheus.ts";
import { endWithUs } from "../../tui/engines/spawn-server.ts";
import { commandOf, createDevRuns, type Dev, projectDir } from "../support/dev-run.ts";
import { enginesOf } from "../support/engines.ts";
import { describeOn } from "../support/suite.ts";

setDefaultTimeout(180_000);

/**
 * How many of Prometheus and Alertmanager `dev` starts here: those that are installed, but Alertmanager only together
 * with Prometheus.
 */
const observers = findPrometheus() ? (findAlertmanager() ? 2 : 1) : 0;

const runs = createDevRuns();
afterEach(runs.stop);
afterAll(runs.remove);

describeOn(enginesOf("full"), "bun run dev --engines full", () => {
  let jobId = "";

  test("starts everything, runs sample jobs, refuses a second start, passes the smoke test and leaves no process after Ctrl-C", async () => {
    const dev = runs.start(["--engines", "full", "--no-reload", "--processors", "2"]);
    await dev.prints(/submitted a sample job of each type/);
    expect(dev.output()).toContain(runs.state().services["read-model"]!);
    expect(Object.keys(runs.state().services).sort()).toEqual(
      [...SERVICE_NAMES, "processor-2", "web-ui"].sort(),
    );
    const table = dev.output().split("\n\n")[1]!.split("\n");
    expect(table).toHaveLength(11 + observers); // six services, the page, four engines
    for (const line of table) expect(line.length).toBeLessThanOrEqual(80);
    expect(dev.output()).not.toContain("\x1b");

    jobId = await runs.submitHash();
    const job = await runs.completed(jobId);
    expect(job.result).toBeDefined();
    const { items } = await runs.get<JobPage>("read-model", "/jobs?limit=100");
    for (const name of JOB_TYPES.keys()) expect(items.map(({ type }) => type)).toContain(name);
    const check = items.find(({ type }) => type === "http-check")!;
    await runs.completed(check.id); // The sample's URL contains the processor's actual port.

    const second = Bun.spawnSync([process.execPath, "tui/launch/main.ts", "--data", runs.dataDir], {
      cwd: projectDir,
    });
    expect(second.exitCode).toBe(1);
    expect(second.stdout.toString()).toContain(`process ${dev.child.pid}`);
    expect(second.stdout.toString()).toContain(runs.state().services.gateway!);

    const { gateway, "read-model": readModel, "metrics-engine": metrics } = runs.state().services;
    const targets = ["--gateway", gateway!, "--read-model", readModel!, "--metrics", metrics!];
    const smoke = Bun.spawnSync([process.execPath, "tests/smoke.ts", ...targets], { cwd: projectDir });
    expect(`${smoke.stdout}${smoke.stderr}`).toContain("All four checks passed");
    expect(smoke.exitCode).toBe(0);
    const folder = /replies are in (.*)/.exec(smoke.stdout.toString())![1]!;
    expect(JSON.parse(readFileSync(join(folder, "summary.json"), "utf8"))).toMatchObject({ ok: true });
    rmSync(folder, { recursive: true });

    const tree = processTree(dev.child.pid);
    expect(tree.length).toBeGreaterThan(11 + observers); // dev, four engines, six services, the page
    dev.child.kill("SIGINT");
    expect(await dev.child.exited).toBe(0);
    await allGone(tree, 1_000);
    expect(existsSync(join(runs.dataDir, STATE_FILE_NAME))).toBe(false);
  });

  test("keeps its jobs, restarts a crashed service or engine, reloads changed source, and leaves no process after kill -9", async () => {
    const dev = runs.start(["--engines", "full"]);
    await dev.prints(/Up in/);
    expect((await runs.completed(jobId)).id).toBe(jobId);

    const processors = serviceProcesses(dev, "processor");
    expect(processors).toHaveLength(1);
    process.kill(processors[0]!.pid, "SIGKILL");
    await dev.prints(/processor was terminated by SIGKILL[\s\S]*processor on \S+ ready again/);
    await runs.completed(await runs.submitHash());

    const redis = processTree(dev.child.pid).find(({ pid }) => commandOf(pid).includes("redis-server"));
    process.kill(redis!.pid, "SIGKILL");
    await dev.prints(/Redis \S+ was terminated by SIGKILL[\s\S]*Redis \S+ on \S+ answers again/);
    await runs.completed(await runs.submitHash());

    touch("services/read-model/main.ts");
    await dev.prints(/main\.ts changed: restarting read-model[\s\S]*read-model on \S+ ready again/);
    await runs.completed(jobId);
    expect(dev.output()).not.toContain("sample job");

    const tree = processTree(dev.child.pid);
    dev.child.kill("SIGKILL");
    await dev.child.exited;
    // On systems where child processes cannot be made to exit with their parent, the next start of `dev` kills them.
    if (endWithUs("SIGTERM").length > 0) await allGone(tree, 20_000);
  });

  test("starts after kill -9, is empty with --fresh, and finishes a running job when stopped during a reload", async () => {
    const dev = runs.start(["--engines", "full", "--fresh"]);
    await dev.prints(/submitted a sample job of each type/);
    const { items } = await runs.get<JobPage>("read-model", "/jobs?limit=100");
    expect(items.map(({ id }) => id)).not.toContain(jobId);

    const slow = await runs.submit({ type: "sleep", payload: { ms: 1_500 } });
    await runs.reaches(slow, "EXECUTING");
    touch("services/processor/main.ts");
    await dev.prints(/main\.ts changed: restarting processor/);
    dev.child.kill("SIGTERM");
    expect(await dev.child.exited).toBe(0);
    const log = readFileSync(join(runs.dataDir, "logs/processor.log"), "utf8");
    expect(log).toContain(slow);
    expect(log).not.toContain("Second signal");
  });
});

test("all invalid settings are reported together, and passwords are not shown", () => {
  const { exitCode, stdout } = Bun.spawnSync(
    [process.execPath, "tui/launch/main.ts", "--data", runs.dataDir],
    {
      cwd: projectDir,
      env: {
        ...process.env,
        BUS_URL: "redis://user:hunter2@host",
        DATABASE_URL: "postgres://user:hunter2@127.0.0.1:1/x",
        EVENTS_URL: "nonsense",
      },
    },
  );
  expect(exitCode).toBe(1);
  const text = stdout.toString();
  for (const part of [
    "BUS_URL starts with redis://",
    "127.0.0.1:1, where nothing answers",
    "EVENTS_URL is not a URL",
  ])
    expect(text).toContain(part);
  expect(text).not.toContain("hunter2");
});

test("the smoke test names each service that does not respond, and still writes its summary", () => {
  const nowhere = "http://127.0.0.1:1";
  const targets = ["--gateway", nowhere, "--read-model", nowhere, "--metrics", nowhere];
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, "tests/smoke.ts", ...targets], {
    cwd: projectDir,
  });
  expect(exitCode).toBe(1);
  for (const name of ["gateway", "readModel", "metrics"])
    expect(stderr.toString()).toContain(`${name} at ${nowhere}`);
  const folder = /replies are in (.*)/.exec(stdout.toString())![1]!;
  expect(JSON.parse(readFileSync(join(folder, "summary.json"), "utf8"))).toMatchObject({ ok: false });
  rmSync(folder, { recursive: true });
});

function serviceProcesses(dev: Dev, service: string): ProcessInfo[] {
  return processTree(dev.child.pid).filter(({ pid }) =>
    commandOf(pid).includes(join("services", service, "main.ts")),
  );
}

/** Updates the file's modification time, as saving it unchanged would. */
function touch(file: string): void {
  const now = new Date();
  utimesSync(join(projectDir, file), now, now);
}
