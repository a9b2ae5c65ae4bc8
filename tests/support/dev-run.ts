import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Acceptance, JobRequest } from "../../contracts/api-commands.ts";
import type { JobDetail } from "../../contracts/api-queries.ts";
import type { JobStatus } from "../../contracts/job.ts";
import { type DevState, readState, STATE_FILE_NAME } from "../../shared/dev-state.ts";
import { until } from "../../shared/until.ts";
import { createEngineFolder } from "./engine-folder.ts";

export const projectDir = join(import.meta.dir, "../..");

/** One running `bun run dev`. */
export interface Dev {
  readonly child: Bun.Subprocess;
  output(): string;
  /** Resolves when the output matches. Throws an error with all the output if the process ends first or 90 s pass. */
  prints(pattern: RegExp): Promise<void>;
}

/** Prepares runs of `bun run dev` that share one data folder; `root` may be a copy of the project. */
export function createDevRuns(root = projectDir) {
  const dataDir = createEngineFolder("observatory-dev-");
  const started: Dev[] = [];

  function state(): DevState {
    const found = readState(join(dataDir, STATE_FILE_NAME));
    if (!found) throw new Error("There is no state file");
    return found;
  }

  async function submit(job: JobRequest): Promise<string> {
    const response = await fetch(`${state().services.gateway}/jobs`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(job),
    });
    if (response.status !== 202)
      throw new Error(`the job was not accepted: ${response.status} ${await response.text()}`);
    return ((await response.json()) as Acceptance).jobId;
  }

  async function reaches(jobId: string, status: JobStatus): Promise<JobDetail> {
    let job: JobDetail | undefined;
    await until(
      async () => {
        const response = await fetch(`${state().services["read-model"]}/jobs/${jobId}`);
        job = response.ok ? ((await response.json()) as JobDetail) : undefined;
        return job?.status === status;
      },
      { timeoutMs: 60_000, what: () => `job ${jobId} to be ${status}: ${JSON.stringify(job)}` },
    );
    return job!;
  }

  return {
    dataDir,
    /** Reads `dev.json`. */
    state,
    submit,
    submitHash: () => submit({ type: "hash", payload: { text: "dev", rounds: 10 } }),
    reaches,
    completed: (jobId: string) => reaches(jobId, "COMPLETED"),

    async get<T>(service: string, path: string): Promise<T> {
      const response = await fetch(`${state().services[service]}${path}`);
      if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
      return (await response.json()) as T;
    },

    /** Starts `bun run dev` with these arguments. `prefix` is a command to run it under, such as `unshare`. */
    start(args: readonly string[], prefix: readonly string[] = []): Dev {
      const place = args.includes("--ephemeral") ? [] : ["--data", dataDir];
      const command = [...prefix, process.execPath, "tui/launch/main.ts", ...place, ...args];
      const dev = watch(
        Bun.spawn(command, {
          cwd: root,
          // With a short lease, another processor soon takes over the jobs of a killed one.
          env: { ...process.env, LOG_LEVEL: "info", LEASE_MS: "3000" },
          stdin: "ignore",
          stdout: "pipe",
          stderr: "inherit",
        }),
      );
      started.push(dev);
      return dev;
    },

    /** Stops runs that a failed test left behind. */
    async stop(): Promise<void> {
      for (const { child } of started) if (child.exitCode === null) child.kill("SIGTERM");
      await Promise.all(started.splice(0).map(({ child }) => child.exited));
    },

    remove: () => rmSync(dataDir, { recursive: true, force: true }),
  };
}

function watch(child: Bun.Subprocess<"ignore", "pipe", "inherit">): Dev {
  let text = "";
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) text += decoder.decode(chunk, { stream: true });
  })();
  return {
    child,
    output: () => text,
    async prints(pattern) {
      let isOver = false;
      void reading
        .then(() => child.exited)
        .then(() => {
          isOver = true;
        });
      await until(() => pattern.test(text) || isOver, {
        timeoutMs: 90_000,
        what: () => `${pattern} in the output of bun run dev:\n${text}`,
      });
      if (!pattern.test(text)) throw new Error(`bun run dev exited without printing ${pattern}:\n${text}`);
    },
  };
}

/** Returns a process's command line, as `ps` shows it. */
export function commandOf(pid: number): string {
  return Bun.spawnSync(["ps", "-p", String(pid), "-o", "command="]).stdout.toString();
}
