import { afterAll, afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Acceptance, JobRequest } from "../contracts/api-commands.ts";
import type { JobDetail, JobPage } from "../contracts/api-queries.ts";
import type { JobStatus } from "../contracts/job.ts";
import { type DevState, readState, stateFileName } from "../services/dev/state-file.ts";
import { missingEngines } from "../shared/engines/missing.ts";
import { allGone, type ProcessInfo, processTree } from "../shared/engines/process-tree.ts";
import { endWithUs } from "../shared/engines/spawn-server.ts";
import { until } from "../shared/engines/until.ts";
import { JOB_TYPES } from "../shared/job-types/registry.ts";

setDefaultTimeout(180_000);

const missing = missingEngines();
for (const { problem, remedy } of missing)
  console.warn(`tests/dev.test.ts is left out: ${problem}; try: ${remedy}`);

const projectDir = join(import.meta.dir, "..");
const dataDir = mkdtempSync(join(tmpdir(), "observatory-dev-"));
const started: Dev[] = [];

// A test that failed halfway leaves it running.
afterEach(async () => {
  for (const { child } of started) if (child.exitCode === null) child.kill("SIGTERM");
  await Promise.all(started.splice(0).map(({ child }) => child.exited));
});
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

interface Dev {
  child: Bun.Subprocess;
  output(): string;
  /** Resolves when what it printed matches; throws with all of it when it ended or after a minute. */
  prints(pattern: RegExp): Promise<void>;
}

function startDev(...args: string[]): Dev {
  let text = "";
  const child = Bun.spawn([process.execPath, "services/dev/main.ts", "--data", dataDir, ...args], {
    cwd: projectDir,
    env: { ...process.env, LOG_LEVEL: "info" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) text += decoder.decode(chunk, { stream: true });
  })();
  const dev: Dev = {
    child,
    output: () => text,
    async prints(pattern) {
      const ended = reading.then(() => child.exited);
      let isOver = false;
      void ended.then(() => {
        isOver = true;
      });
      await until(() => pattern.test(text) || isOver, {
        timeoutMs: 90_000,
        what: () => `${pattern} in what bun run dev prints:\n${text}`,
      });
      if (!pattern.test(text)) throw new Error(`bun run dev ended without printing ${pattern}:\n${text}`);
    },
  };
  started.push(dev);
  return dev;
}

function state(): DevState {
  const found = readState(join(dataDir, stateFileName));
  if (!found) throw new Error("There is no state file");
  return found;
}

async function get<T>(service: string, path: string): Promise<T> {
  const response = await fetch(`${state().services[service]}${path}`);
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

async function submit(job: JobRequest): Promise<string> {
  const response = await fetch(`${state().services.gateway}/jobs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(job),
  });
  expect(response.status).toBe(202);
  return ((await response.json()) as Acceptance).jobId;
}

const submitHash = () => submit({ type: "hash", payload: { text: "dev", rounds: 10 } });

async function reaches(jobId: string, status: JobStatus): Promise<JobDetail> {
  let job: JobDetail | undefined;
  await until(
    async () => {
      const response = await fetch(`${state().services["read-model"]}/jobs/${jobId}`);
      job = response.ok ? ((await response.json()) as JobDetail) : undefined;
      return job?.status === status;
    },
    { timeoutMs: 30_000, what: () => `job ${jobId} to be ${status}: ${JSON.stringify(job)}` },
  );
  return job!;
}

const completed = (jobId: string) => reaches(jobId, "COMPLETED");

/** As saving the file would. */
function touch(file: string): void {
  const now = new Date();
  utimesSync(join(projectDir, file), now, now);
}

describe.skipIf(missing.length > 0 && !process.env.CI)("bun run dev", () => {
  let jobId = "";

  test("brings everything up with samples, refuses a second start, passes smoke, leaves nothing at Ctrl-C", async () => {
    const dev = startDev("--no-reload", "--processors", "2");
    await dev.prints(/submitted a sample job of each type/);
    expect(dev.output()).toContain(state().services["read-model"]!);
    expect(Object.keys(state().services).sort()).toEqual([
      "gateway",
      "metrics-engine",
      "processor",
      "processor-2",
      "read-model",
    ]);
    const table = dev.output().split("\n\n")[1]!.split("\n");
    expect(table).toHaveLength(9); // five services, four engines
    for (const line of table) expect(line.length).toBeLessThanOrEqual(80);
    expect(dev.output()).not.toContain("\x1b");

    jobId = await submitHash();
    const job = await completed(jobId);
    expect(job.result).toBeDefined();
    const { items } = await get<JobPage>("read-model", "/jobs?limit=100");
    for (const name of JOB_TYPES.keys()) expect(items.map(({ type }) => type)).toContain(name);
    const check = items.find(({ type }) => type === "http-check")!;
    await completed(check.id); // Its URL follows the read-model to the port that it has here.

    const second = Bun.spawnSync([process.execPath, "services/dev/main.ts", "--data", dataDir], {
      cwd: projectDir,
    });
    expect(second.exitCode).toBe(1);
    expect(second.stdout.toString()).toContain(`process ${dev.child.pid}`);
    expect(second.stdout.toString()).toContain(state().services.gateway!);

    const { gateway, "read-model": readModel, "metrics-engine": metrics } = state().services;
    const targets = ["--gateway", gateway!, "--read-model", readModel!, "--metrics", metrics!];
    const smoke = Bun.spawnSync([process.execPath, "tests/smoke.ts", ...targets], { cwd: projectDir });
    expect(`${smoke.stdout}${smoke.stderr}`).toContain("All four paths proved");
    expect(smoke.exitCode).toBe(0);
    const folder = /replies are in (.*)/.exec(smoke.stdout.toString())![1]!;
    expect(JSON.parse(readFileSync(join(folder, "summary.json"), "utf8"))).toMatchObject({ ok: true });
    rmSync(folder, { recursive: true });

    const tree = processTree(dev.child.pid);
    expect(tree.length).toBeGreaterThan(9); // itself, four engines, five services
    dev.child.kill("SIGINT");
    expect(await dev.child.exited).toBe(0);
    await allGone(tree, 1_000);
    expect(existsSync(join(dataDir, stateFileName))).toBe(false);
  });

  test("keeps its jobs, starts a crashed service again, reloads a changed one, and nothing outlives kill -9", async () => {
    const dev = startDev();
    await dev.prints(/Up in/);
    expect((await completed(jobId)).id).toBe(jobId);

    const processors = serviceProcesses(dev, "processor");
    expect(processors).toHaveLength(1);
    process.kill(processors[0]!.pid, "SIGKILL");
    await dev.prints(/processor was ended by SIGKILL[\s\S]*processor on \S+ ready again/);
    await completed(await submitHash());

    touch("services/read-model/main.ts");
    await dev.prints(/main\.ts changed: restarting read-model[\s\S]*read-model on \S+ ready again/);
    await completed(jobId);
    expect(dev.output()).not.toContain("sample job");

    const tree = processTree(dev.child.pid);
    dev.child.kill("SIGKILL");
    await dev.child.exited;
    // Elsewhere the next start ends them.
    if (endWithUs("SIGTERM").length > 0) await allGone(tree, 20_000);
  });

  test("starts after a kill -9, empty with --fresh, and lets a job finish when it is stopped amid a reload", async () => {
    const dev = startDev("--fresh");
    await dev.prints(/submitted a sample job of each type/);
    const { items } = await get<JobPage>("read-model", "/jobs?limit=100");
    expect(items.map(({ id }) => id)).not.toContain(jobId);

    const slow = await submit({ type: "sleep", payload: { ms: 1_500 } });
    await reaches(slow, "EXECUTING");
    touch("services/processor/main.ts");
    await dev.prints(/main\.ts changed: restarting processor/);
    dev.child.kill("SIGTERM");
    expect(await dev.child.exited).toBe(0);
    const log = readFileSync(join(dataDir, "logs/processor.log"), "utf8");
    expect(log).toContain(slow);
    expect(log).not.toContain("Second signal");
  });

  test("runs whole on one PostgreSQL with --engines embedded, and keeps its jobs over kill -9 of all of it", async () => {
    let dev = startDev("--engines", "embedded", "--fresh", "--no-reload");
    await dev.prints(/Up in/);
    expect(dev.output()).not.toMatch(/RabbitMQ|Redis|FerretDB|MongoDB/);
    const jobs = await Promise.all(Array.from({ length: 50 }, submitHash));
    const tree = processTree(dev.child.pid);
    dev.child.kill("SIGKILL");
    await dev.child.exited;
    await allGone(tree, 20_000);
    dev = startDev("--engines", "embedded", "--no-reload");
    await dev.prints(/Up in/);
    for (const id of jobs) await completed(id);
    dev.child.kill("SIGTERM");
    expect(await dev.child.exited).toBe(0);
  });
});

test("unusable settings are named all at once, in sentences without passwords", () => {
  const { exitCode, stdout } = Bun.spawnSync([process.execPath, "services/dev/main.ts", "--data", dataDir], {
    cwd: projectDir,
    env: {
      ...process.env,
      BUS_URL: "redis://user:hunter2@host",
      DATABASE_URL: "postgres://user:hunter2@127.0.0.1:1/x",
      EVENTS_URL: "nonsense",
    },
  });
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

test("smoke names what does not answer, and keeps what it saw", () => {
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
  return processTree(dev.child.pid).filter(({ pid }) => {
    const { stdout } = Bun.spawnSync(["ps", "-p", String(pid), "-o", "command="]);
    return stdout.toString().includes(join("services", service, "main.ts"));
  });
}
