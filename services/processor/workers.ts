import { hostname } from "node:os";
import { pause, untilItSucceeds } from "../../shared/async.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import { conclude } from "./conclude.ts";
import type { Historian } from "./history.ts";
import type { EndedAttempt } from "./job.ts";
import type { Outbox } from "./outbox.ts";
import { withFingerprint } from "./run-job.ts";
import type { RunStore } from "./run-store.ts";
import type { Runner } from "./runner.ts";
import type { WorkerStore } from "./worker-store.ts";

const TAKEOVER_BATCH = 200;

export interface WorkersOptions {
  readonly store: WorkerStore;
  readonly runs: RunStore;
  readonly history: Historian;
  readonly outbox: Outbox;
  readonly log: Log;
  readonly instanceId: string;
  readonly version: string;
  readonly concurrency: number;
  /** Milliseconds after its last heartbeat until a worker is presumed dead. */
  readonly leaseMs: number;
  readonly runner: () => Pick<Runner, "interrupt" | "interruptAll">;
  /** Told when jobs became due by a takeover. */
  readonly onDue: () => void;
}

/**
 * This processor's life as a worker: register; renew the lease; presume dead whoever did not, and take its jobs over.
 * A worker that finds itself presumed dead gives its jobs up and goes on under a new id.
 */
export function createWorkers(options: WorkersOptions) {
  const { store, runs, history, outbox, log, instanceId, version, concurrency, leaseMs, runner, onDue } =
    options;
  const beatMs = Math.max(50, Math.floor(leaseMs / 3));
  let generation = 0;
  let workerId = "";
  let state: "alive" | "stopping" = "alive";
  /** Since when heartbeats have succeeded without a break; after an outage of the store everyone's lease looks expired. */
  let steadySince = 0;

  async function register(): Promise<void> {
    // Unique over restarts under the same name: attempts of an earlier life must not look like this one's.
    const id = `${instanceId}.${crypto.randomUUID().slice(0, 8)}.${++generation}`;
    await store.register({ id, host: hostname(), pid: process.pid, version, concurrency });
    workerId = id;
    log.info("Registered as a worker", { workerId, concurrency });
  }

  async function beat(): Promise<void> {
    if (await store.heartbeat(workerId, state)) {
      runner().interrupt(await store.cancelRequests(workerId), "cancelled");
      return;
    }
    log.warn("This worker was presumed dead; its jobs are given up", { workerId });
    runner().interruptAll("superseded");
    await register();
  }

  async function takeOver(): Promise<void> {
    const lost = await store.markLost(leaseMs);
    if (lost.length > 0) log.warn("Workers are presumed dead", { workers: lost });
    for (;;) {
      const jobs = await runs.heldByLost(TAKEOVER_BATCH);
      if (jobs.length === 0) return;
      const finishedAt = new Date();
      const entries = jobs.map((job) => {
        const ended: EndedAttempt = {
          job,
          ending: {
            outcome: "lost",
            error: withFingerprint({
              code: "WORKER_LOST",
              message: "The worker died before the attempt ended",
            }),
            countsAsLoss: true,
          },
          finishedAt,
          durationMs: Math.max(0, finishedAt.getTime() - job.startedAt.getTime()),
          logs: "[]",
        };
        return { ended, conclusion: conclude(history, ended) };
      });
      const { done, message } = await runs.finish(entries);
      outbox.relay(message);
      log.warn("Took over jobs of dead workers", { count: done.size });
      onDue();
      // Whoever else takes over at this moment has written the others.
      if (done.size === 0) return;
    }
  }

  return {
    id: () => workerId,

    async start(signal: AbortSignal): Promise<void> {
      await untilItSucceeds(register, {
        signal,
        onError: (error) => log.warn("Cannot register as a worker yet", { reason: messageOf(error) }),
      });
      steadySince = Date.now();
    },

    /** Beat, and look after the others, until `signal` aborts. */
    async run(signal: AbortSignal): Promise<void> {
      while (!signal.aborted) {
        try {
          await beat();
          if (Date.now() - steadySince > leaseMs / 2) await takeOver();
        } catch (error) {
          steadySince = Date.now() + beatMs;
          log.warn("No heartbeat now", { reason: messageOf(error) });
        }
        await pause(beatMs, signal);
      }
    },

    /** Show that this worker takes no more; heartbeats go on. */
    async stopping(): Promise<void> {
      state = "stopping";
      await store.heartbeat(workerId, state);
    },

    retire: () => store.retire(workerId),
  };
}
export type Workers = ReturnType<typeof createWorkers>;
