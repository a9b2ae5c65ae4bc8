import { messageOf } from "./errors.ts";
import type { Log } from "./log.ts";

export interface Lifecycle {
  /** Aborts when stopping begins: the service is no longer ready and accepts no more work. */
  readonly stopping: AbortSignal;
  /** Aborts when the grace period has passed: the service must abandon the work it still holds. */
  readonly abort: AbortSignal;
  /** Registers an undo for a resource just acquired. Undos run in reverse order, even if the start failed halfway. */
  defer(name: string, undo: () => Promise<void> | void): void;
  /**
   * Stops, and waits until everything is undone. May be called twice: the second call waits for the same stop. Resolves
   * to whether every undo succeeded.
   */
  stop(reason: string): Promise<boolean>;
}

export interface LifecycleOptions {
  readonly log: Log;
  /** How long a stop waits for work in progress before `abort` fires. */
  readonly graceMs: number;
}

/**
 * Creates a process's lifecycle: an undo list, and a stop in two stages. It handles no signals and never exits, so it
 * can be tested.
 */
export function createLifecycle({ log, graceMs }: LifecycleOptions): Lifecycle {
  const stopping = new AbortController();
  const abort = new AbortController();
  const undos: { name: string; undo: () => Promise<void> | void }[] = [];
  let stopped: Promise<boolean> | undefined;

  async function undoAll(reason: string): Promise<boolean> {
    log.info("Stopping", { reason });
    stopping.abort(new Error(`stopping: ${reason}`));
    const timer = setTimeout(() => {
      log.warn("The grace period has passed; aborting work in progress", { graceMs });
      abort.abort(new Error("the grace period for stopping has passed"));
    }, graceMs);
    let clean = true;
    for (let entry = undos.pop(); entry; entry = undos.pop()) {
      try {
        await entry.undo();
      } catch (error) {
        clean = false;
        log.error("Could not close cleanly", { part: entry.name, error });
      }
    }
    clearTimeout(timer);
    abort.abort(new Error("stopped"));
    log.info("Stopped", { clean });
    return clean;
  }

  return {
    stopping: stopping.signal,
    abort: abort.signal,
    defer: (name, undo) => void undos.push({ name, undo }),
    stop: (reason) => {
      stopped ??= undoAll(reason);
      return stopped;
    },
  };
}

/**
 * Runs a service as this process: starts it, stops it on SIGTERM or SIGINT, and exits. A second signal makes it exit
 * immediately. After a failed start, it undoes the start and exits with 1.
 */
export async function runAsProcess(
  lifecycle: Lifecycle,
  log: Log,
  start: () => Promise<void>,
): Promise<void> {
  const onSignal = (signal: NodeJS.Signals) => {
    if (lifecycle.stopping.aborted) {
      log.warn("Second signal, exiting immediately", { signal });
      process.exit(130);
    }
    void lifecycle.stop(signal).then((clean) => process.exit(clean ? 0 : 1));
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  try {
    await start();
  } catch (error) {
    // If a signal interrupted the start, this is not a failure: the signal handler stops the service and exits.
    if (lifecycle.stopping.aborted) return;
    log.error("Could not start", { reason: messageOf(error), error });
    await lifecycle.stop("failed start");
    process.exit(1);
  }
}
