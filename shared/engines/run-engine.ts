import { closeSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Engine, EngineName, EngineOptions } from "./engine.ts";
import { dropLease, takeOver, writeLease } from "./lease.ts";
import { tailOf } from "./log-tail.ts";
import { allGone, killAll, killTree, processTree, signalProcess } from "./process-tree.ts";
import { until } from "./until.ts";

/** What differs from engine to engine. */
export interface Recipe {
  name: EngineName;
  product: string;
  url: string;
  port: number;
  command: string[];
  env?: Record<string, string>;
  /** An unprivileged user, where the server refuses to run as root. */
  user?: { uid: number; gid: number };
  /** What makes the server shut down cleanly without waiting for its clients. */
  stopSignal: NodeJS.Signals;
  startMs: number;
  stopMs: number;
  /** Before each start: clears what a crash left behind. */
  prepare?(): Promise<void>;
  /** One try: does the server answer? */
  answers(): Promise<boolean>;
  /** Once all data is on disk during a stop, the rest of a slow shutdown can be cut short. */
  isFlushed?(logTail: string): boolean;
}

/** Where an engine's log goes. */
export function logFileOf(options: EngineOptions): string {
  return options.logFile ?? join(options.dataDir, "log");
}

/** Starts a server in its own session and resolves when it answers. */
export async function runEngine(recipe: Recipe, options: EngineOptions): Promise<Engine> {
  const { dataDir } = options;
  const logFile = logFileOf(options);
  let running: Bun.Subprocess | undefined;

  async function start(signal?: AbortSignal): Promise<void> {
    await takeOver(dataDir);
    await recipe.prepare?.();
    signal?.throwIfAborted();
    const child = spawn(recipe, logFile, dataDir);
    running = child;
    writeLease(dataDir, child.pid);
    try {
      await until(() => answersOrEnded(child), {
        timeoutMs: recipe.startMs,
        signal,
        what: () => "it to answer",
      });
    } catch (error) {
      await kill();
      if (signal?.aborted) throw error;
      throw new Error(`Could not start ${recipe.product} on port ${recipe.port}\n${tailOf(logFile)}`, {
        cause: error,
      });
    }
  }

  async function answersOrEnded(child: Bun.Subprocess): Promise<boolean> {
    if (hasEnded(child)) throw new Error(`It ended with ${child.signalCode ?? `code ${child.exitCode}`}`);
    return recipe.answers();
  }

  async function stop(): Promise<void> {
    const child = running;
    if (!child) return;
    const tree = processTree(child.pid);
    const logStart = sizeOf(logFile);
    signalProcess(child.pid, recipe.stopSignal);
    const deadline = performance.now() + recipe.stopMs;
    while (!hasEnded(child) && performance.now() < deadline) {
      if (recipe.isFlushed?.(tailOf(logFile, logStart))) break;
      await Promise.race([child.exited, Bun.sleep(50)]);
    }
    if (!hasEnded(child)) await killTree(child.pid);
    await child.exited;
    // Children notice the end of their parent a moment later; those that do not are helped.
    await allGone(tree, 2_000).catch(() => killAll(tree));
    forget(child);
  }

  async function kill(): Promise<void> {
    const child = running;
    if (!child) return;
    await killTree(child.pid);
    await child.exited;
    forget(child);
  }

  function forget(child: Bun.Subprocess): void {
    if (running !== child) return;
    running = undefined;
    dropLease(dataDir);
  }

  await start(options.signal);
  return {
    name: recipe.name,
    product: recipe.product,
    url: recipe.url,
    port: recipe.port,
    get pid() {
      if (!running) throw new Error(`${recipe.product} is not running`);
      return running.pid;
    },
    stop,
    kill,
    async restart() {
      await stop();
      await start();
    },
  };
}

const maxLogBytes = 5_000_000;

function spawn(recipe: Recipe, logFile: string, cwd: string): Bun.Subprocess {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, sizeOf(logFile) > maxLogBytes ? "w" : "a");
  try {
    return Bun.spawn([...endWithUs(recipe.stopSignal), ...recipe.command], {
      ...recipe.user,
      cwd,
      env: recipe.env ?? { PATH: process.env.PATH ?? "", LC_ALL: "C" },
      stdin: "ignore",
      stdout: log,
      stderr: log,
      // Its own session: a Ctrl-C in the terminal must not end it before the services have flushed into it.
      detached: true,
    });
  } finally {
    closeSync(log);
  }
}

/**
 * On Linux the kernel signals the engine when the thread that started it ends, even by SIGKILL (prctl(2),
 * PR_SET_PDEATHSIG): start engines from the main thread. Elsewhere the next start in the same folder ends it.
 */
function endWithUs(signal: NodeJS.Signals): string[] {
  const prefix = ["setpriv", "--pdeathsig", signal.replace("SIG", ""), "--"];
  setprivWorks ??=
    process.platform === "linux" &&
    Bun.which("setpriv") !== null &&
    Bun.spawnSync([...prefix, "true"], { stdout: "ignore", stderr: "ignore" }).success; // BusyBox has no --pdeathsig.
  return setprivWorks ? prefix : [];
}

let setprivWorks: boolean | undefined;

function hasEnded(child: Bun.Subprocess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
