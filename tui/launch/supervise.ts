import { closeSync, openSync } from "node:fs";
import { pause } from "../../shared/async.ts";
import { killTree, signalProcess } from "../../shared/process-tree.ts";
import { sizeOf, tailOf } from "../engines/log-tail.ts";
import { endWithUs, hasEnded } from "../engines/spawn-server.ts";

export interface ServiceProcess {
  readonly id: string;
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logFile: string;
  /** Answers 200 when the service is ready, else names in `failing` what it waits for. */
  readonly readyUrl: string;
  /** How long it may take to stop before it is killed. */
  readonly stopMs: number;
  onSpawn?(pid: number): void;
  /** Each time it became ready; `count` is 1 for the first. */
  onReady?(durationMs: number, count: number): void;
  /** It takes over a second to stop before it is started again. */
  onLinger?(): void;
  /** It ended by itself; it is started again after `retryMs`, or at once by `restart`. */
  onCrash?(end: string, lastWords: string, retryMs: number): void;
}

export interface Supervised {
  readonly id: string;
  /** Resolves when it is ready for the first time, rejects with the signal's reason. */
  ready(signal: AbortSignal): Promise<void>;
  /** What it waits for, while it is not ready. */
  readonly waitingFor: string | undefined;
  /** Stops it and starts it again; several calls at a time are one. */
  restart(): void;
  /** Stops it for good; may be called twice. */
  stop(): Promise<void>;
  /** Kills it at once, as a second Ctrl-C does. */
  kill(): void;
}

const calmMs = 30_000;
const lingerMs = 1_000;
const maxRetryMs = 10_000;

/** Starts a process and keeps it running until `stop`: after a crash again, with backoff. */
export function supervise(process: ServiceProcess): Supervised {
  const firstReady = Promise.withResolvers<void>();
  let child: Bun.Subprocess | undefined;
  let waitingFor: string | undefined;
  let isStopping = false;
  let mayGo = new AbortController();
  let wantsRestart = false;
  let crashes = 0;
  let timesReady = 0;
  let ending: { of: Bun.Subprocess; done: Promise<void> } | undefined;

  async function run(): Promise<void> {
    while (!isStopping) {
      wantsRestart = false;
      mayGo = new AbortController();
      const startedAt = performance.now();
      const logStart = sizeOf(process.logFile);
      const running = spawn(process);
      child = running;
      process.onSpawn?.(running.pid);
      void untilReady(running, startedAt);
      await running.exited;
      if (isStopping) return;
      if (wantsRestart) {
        crashes = 0;
        continue;
      }
      crashes = performance.now() - startedAt > calmMs ? 1 : crashes + 1;
      const retryMs = Math.min(maxRetryMs, 250 * 2 ** crashes);
      const end = running.signalCode
        ? `was ended by ${running.signalCode}`
        : `ended with code ${running.exitCode}`;
      process.onCrash?.(end, tailOf(process.logFile, logStart, 12), retryMs);
      await pause(retryMs, mayGo.signal);
    }
  }

  async function untilReady(running: Bun.Subprocess, startedAt: number): Promise<void> {
    while (!hasEnded(running)) {
      waitingFor = await whatItWaitsFor(process.readyUrl);
      if (waitingFor === undefined && !hasEnded(running)) {
        process.onReady?.(performance.now() - startedAt, ++timesReady);
        return firstReady.resolve();
      }
      await Bun.sleep(40);
    }
  }

  /** Once per process: a second SIGTERM would make it drop what it still finishes. */
  function end(): Promise<void> {
    mayGo.abort();
    const running = child;
    if (!running || hasEnded(running)) return Promise.resolve();
    if (ending?.of !== running) ending = { of: running, done: terminate(running) };
    return ending.done;
  }

  async function terminate(running: Bun.Subprocess): Promise<void> {
    signalProcess(running.pid, "SIGTERM");
    const patience = setTimeout(() => {
      if (!isStopping) process.onLinger?.();
    }, lingerMs);
    const timer = setTimeout(() => void killTree(running.pid), process.stopMs);
    await running.exited;
    clearTimeout(patience);
    clearTimeout(timer);
  }

  const ended = run();
  return {
    id: process.id,
    ready: (signal) =>
      Promise.race([
        firstReady.promise,
        new Promise<never>((_, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason), { once: true }),
        ),
      ]),
    get waitingFor() {
      return waitingFor;
    },
    restart() {
      if (isStopping || wantsRestart) return;
      wantsRestart = true;
      void end();
    },
    async stop() {
      isStopping = true;
      await end();
      await ended;
    },
    kill() {
      isStopping = true;
      if (child && !hasEnded(child)) signalProcess(child.pid, "SIGKILL");
    },
  };
}

/** In a session of its own, so that a Ctrl-C in the terminal reaches only us and we stop it in its turn. */
function spawn({ command, cwd, env, logFile }: ServiceProcess): Bun.Subprocess {
  // For appending: its writes go to the end also after the file was cut.
  const log = openSync(logFile, "a");
  try {
    return Bun.spawn([...endWithUs("SIGTERM"), ...command], {
      cwd,
      env: { ...env },
      stdin: "ignore",
      stdout: log,
      stderr: log,
      detached: true,
    });
  } finally {
    closeSync(log);
  }
}

async function whatItWaitsFor(readyUrl: string): Promise<string | undefined> {
  try {
    const response = await fetch(readyUrl, { signal: AbortSignal.timeout(3_000) });
    if (response.ok) return undefined;
    const { failing } = (await response.json()) as { failing?: string[] };
    return failing?.join(", ") || "its engines";
  } catch {
    return "its first answer"; // Nothing listens yet, or not in HTTP.
  }
}
