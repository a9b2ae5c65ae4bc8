import { closeSync, openSync } from "node:fs";
import { pause } from "../../shared/async.ts";
import { killTree, signalProcess } from "../../shared/process-tree.ts";
import { sizeOf, tailOf } from "../engines/log-tail.ts";
import { findFreePort } from "../engines/port.ts";
import { endWithUs, hasEnded } from "../engines/spawn-server.ts";
import type { Front } from "./front.ts";

export interface ServiceProcess {
  readonly id: string;
  readonly command: readonly string[];
  readonly cwd: string;
  /** Returns the variables for a process that listens on `port`. */
  env(port: number): Readonly<Record<string, string | undefined>>;
  readonly logFile: string;
  /** The service's URL, which is that of the proxy `front` if there is one, otherwise that of the process. */
  readonly url: string;
  /**
   * The proxy that listens on the service's port and forwards to the current process, which listens on a free port.
   * Required for `replace`.
   */
  readonly front?: Front;
  /** How long a process may take to stop before it is killed. */
  readonly stopMs: number;
  onSpawn?(pid: number): void;
  /** Called each time the service becomes ready; `count` is 1 the first time. */
  onReady?(durationMs: number, count: number): void;
  /** Called when a replaced process takes more than a second to finish its work. */
  onLinger?(): void;
  /** Called when the serving process ends unexpectedly. It is restarted after `retryMs`, or at once by `replace`. */
  onCrash?(end: string, lastWords: string, retryMs: number): void;
  /** Called when a process started by `replace` ends before it is ready. The previous process continues. */
  onRefused?(end: string, lastWords: string): void;
}

export interface Supervised {
  readonly id: string;
  /** Resolves when the service is ready for the first time. Rejects with the signal's reason if the signal aborts. */
  ready(signal: AbortSignal): Promise<void>;
  /** What the service is waiting for while it is not ready. */
  readonly waitingFor: string | undefined;
  /** Starts another process, which takes over from the serving one once it is ready. */
  replace(): void;
  /** Stops the service permanently; may be called twice. */
  stop(): Promise<void>;
  /** Kills the service at once, as a second Ctrl-C does. */
  kill(): void;
}

interface Running {
  readonly child: Bun.Subprocess;
  readonly url: string;
  readonly startedAt: number;
  /** The log's size when the process was started. */
  readonly logStart: number;
  ending?: Promise<void>;
}

const CALM_MS = 30_000;
const LINGER_MS = 1_000;
const MAX_RETRY_MS = 10_000;
const FIRST_ANSWER = "its first response";

/**
 * Keeps a service running until `stop`.
 *
 * *Serving* is the process that receives requests. If it ends unexpectedly, another starts after a backoff.
 * *Successor* is a process that `replace` started beside the serving one. Once ready, the successor serves, and the
 * previous process stops as soon as it has answered its requests. If the successor ends before it is ready, the serving
 * process continues. A further `replace` ends the successor, whose source is now outdated, and starts another.
 */
export function supervise(service: ServiceProcess): Supervised {
  const firstReady = Promise.withResolvers<void>();
  const alive = new Set<Running>();
  let serving: Running | undefined;
  let successor: Running | undefined;
  let isStarting = false;
  let isOutdated = false;
  let isStopping = false;
  let waitingFor: string | undefined;
  let mayGo = new AbortController();
  let crashes = 0;
  let timesReady = 0;

  async function start(): Promise<Running | undefined> {
    isStarting = true;
    const port = service.front ? await findFreePort() : Number(new URL(service.url).port);
    isStarting = false;
    if (isStopping) return undefined;
    const url = new URL(service.url);
    url.port = String(port);
    const running: Running = {
      url: url.origin,
      startedAt: performance.now(),
      logStart: sizeOf(service.logFile),
      child: spawn(service, port),
    };
    alive.add(running);
    service.onSpawn?.(running.child.pid);
    void running.child.exited.then(() => {
      alive.delete(running);
      if (running === successor) onSuccessorEnd(running);
      else if (running === serving) void onCrash(running);
    });
    return running;
  }

  async function serve(): Promise<void> {
    mayGo = new AbortController();
    serving = await start();
    if (serving) void untilReady(serving);
  }

  async function succeed(): Promise<void> {
    successor = await start();
    if (successor) void untilReady(successor);
  }

  async function untilReady(running: Running): Promise<void> {
    let isLed = false;
    while (!hasEnded(running.child)) {
      const lacks = await whatItWaitsFor(`${running.url}/readyz`);
      if (hasEnded(running.child) || running.ending) return;
      if (running === serving || !serving) waitingFor = lacks;
      if (lacks === undefined) return takeOver(running);
      // Sends requests to the process even before it is ready, because its responses report what it is waiting for.
      if (running === serving && lacks !== FIRST_ANSWER && !isLed) {
        isLed = true;
        void service.front?.lead(running.url);
      }
      await Bun.sleep(40);
    }
  }

  async function takeOver(running: Running): Promise<void> {
    const before = running === serving ? undefined : serving;
    if (running === successor) successor = undefined;
    serving = running;
    service.onReady?.(performance.now() - running.startedAt, ++timesReady);
    firstReady.resolve();
    const answered = service.front?.lead(running.url);
    if (!before) return;
    await Promise.race([answered, pause(service.stopMs, mayGo.signal)]);
    await end(before);
  }

  async function onCrash(running: Running): Promise<void> {
    serving = undefined;
    if (isStopping) return;
    crashes = performance.now() - running.startedAt > CALM_MS ? 1 : crashes + 1;
    const retryMs = Math.min(MAX_RETRY_MS, 250 * 2 ** crashes);
    service.onCrash?.(endOf(running), tailOf(service.logFile, running.logStart, 12), retryMs);
    await pause(retryMs, mayGo.signal);
    if (!isStopping && !serving && !successor) await serve();
  }

  function onSuccessorEnd(running: Running): void {
    successor = undefined;
    if (isStopping) return;
    if (isOutdated) {
      isOutdated = false;
      return void succeed();
    }
    // The log may contain lines of the previous process as well, so the caller selects the warnings and errors.
    service.onRefused?.(endOf(running), tailOf(service.logFile, running.logStart, 200));
    if (!serving) void serve();
  }

  /** Terminates a process only once, because a second SIGTERM would make it drop its unfinished work. */
  function end(running: Running): Promise<void> {
    running.ending ??= terminate(running);
    return running.ending;
  }

  async function terminate({ child }: Running): Promise<void> {
    if (hasEnded(child)) return;
    signalProcess(child.pid, "SIGTERM");
    const patience = setTimeout(() => {
      if (!isStopping) service.onLinger?.();
    }, LINGER_MS);
    const timer = setTimeout(() => void killTree(child.pid), service.stopMs);
    await child.exited;
    clearTimeout(patience);
    clearTimeout(timer);
  }

  void serve();
  return {
    id: service.id,
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
    replace() {
      // A process that is still starting will read the new source.
      if (isStopping || isStarting) return;
      crashes = 0;
      if (successor) {
        isOutdated = true;
        void end(successor);
      } else if (serving) void succeed();
      // The service is waiting for its restart, which will read the new source.
      else mayGo.abort();
    },
    async stop() {
      isStopping = true;
      mayGo.abort();
      await Promise.all([...alive].map(end));
      await service.front?.stop();
    },
    kill() {
      isStopping = true;
      for (const { child } of alive) if (!hasEnded(child)) signalProcess(child.pid, "SIGKILL");
    },
  };
}

function endOf({ child }: Running): string {
  return child.signalCode ? `was terminated by ${child.signalCode}` : `exited with code ${child.exitCode}`;
}

/** Starts a process in its own session, so Ctrl-C reaches only the launcher, which stops the processes in order. */
function spawn({ command, cwd, env, logFile }: ServiceProcess, port: number): Bun.Subprocess {
  // Opened for appending, so writes go to the end even after the file has been truncated.
  const log = openSync(logFile, "a");
  try {
    return Bun.spawn([...endWithUs("SIGTERM"), ...command], {
      cwd,
      env: { ...env(port) },
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
    return FIRST_ANSWER; // Nothing listens yet, or the listener does not speak HTTP.
  }
}
