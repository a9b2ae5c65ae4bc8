import { hostname } from "node:os";
import { untilItSucceeds } from "../../shared/async.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { StoreClock } from "./store-clock.ts";
import type { WorkerStore } from "./worker-store.ts";

export interface WorkerOptions {
  readonly store: Pick<WorkerStore, "register" | "heartbeat" | "retire">;
  readonly clock: Pick<StoreClock, "measure">;
  readonly log: Log;
  readonly instanceId: string;
  readonly version: string;
  readonly concurrency: number;
  /** JSON object: for each job type that this worker runs, the version as a sortable number (see `versionRank`). */
  readonly types: string;
}

/**
 * Manages this processor's registration as a worker: the id under which it holds jobs, and the heartbeats that renew
 * its lease on them.
 */
export function createWorker({ store, clock, log, instanceId, version, concurrency, types }: WorkerOptions) {
  let generation = 0;
  let workerId = "";
  let state: "alive" | "stopping" = "alive";

  /** Registers under a new id. */
  async function register(): Promise<void> {
    // The id is unique even across restarts of the same instance, so that an earlier process's jobs are never mistaken
    // for this one's.
    const id = `${instanceId}.${crypto.randomUUID().slice(0, 8)}.${++generation}`;
    await clock.measure();
    await store.register({ id, host: hostname(), pid: process.pid, version, concurrency, types });
    workerId = id;
    log.info("Registered as a worker", { workerId, concurrency });
  }

  return {
    /** The current id; empty before the first registration. */
    id: () => workerId,

    register,

    /** Registers, retrying until the store accepts it. */
    async start(signal: AbortSignal): Promise<void> {
      await untilItSucceeds(register, {
        signal,
        onError: (error) => log.warn("Cannot register as a worker yet", { reason: messageOf(error) }),
      });
    },

    /**
     * Renews the lease. Returns false if this worker was presumed dead; other workers may then have taken over its
     * jobs.
     */
    async heartbeat(): Promise<boolean> {
      await clock.measure();
      return store.heartbeat(workerId, state);
    },

    /** Announces that this worker accepts no more jobs. Heartbeats continue. */
    async stopping(): Promise<void> {
      state = "stopping";
      await store.heartbeat(workerId, state);
    },

    retire: () => store.retire(workerId),
  };
}
export type ProcessorWorker = ReturnType<typeof createWorker>;
