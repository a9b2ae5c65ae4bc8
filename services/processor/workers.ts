import { hostname } from "node:os";
import type { JobError } from "../../contracts/job.ts";
import { pause, untilItSucceeds } from "../../shared/async.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { Tracing } from "../../shared/tracing.ts";
import { attemptSpan } from "./attempt-span.ts";
import { conclude } from "./conclude.ts";
import type { Historian } from "./history.ts";
import type { ClaimedJob, EndedAttempt } from "./job.ts";
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
  readonly tracing: Tracing;
  readonly log: Log;
  readonly instanceId: string;
  readonly version: string;
  readonly concurrency: number;
  /** JSON: the rank of each job type's version, by name. */
  readonly types: string;
  /** Milliseconds after its last heartbeat until a worker is presumed dead. */
  readonly leaseMs: number;
  readonly runner: () => Pick<Runner, "interrupt" | "interruptAll" | "running">;
  /** Told when jobs became due by a takeover. */
  readonly onDue: () => void;
}

/**
 * This processor's life as a worker: register; renew the lease; presume dead whoever did not, and take its jobs over.
 * A worker that finds itself presumed dead gives its jobs up and goes on under a new id.
 */
export function createWorkers(options: WorkersOptions) {
  const { store, runs, history, outbox, tracing, log } = options;
  const { instanceId, version, concurrency, types, leaseMs, runner, onDue } = options;
  const beatMs = Math.max(50, Math.floor(leaseMs / 3));
  let generation = 0;
  let suspects: ReadonlySet<string> = new Set();
  let workerId = "";
  let state: "alive" | "stopping" = "alive";
  /** Since when heartbeats have succeeded without a break; after an outage of the store everyone's lease looks expired. */
  let steadySince = 0;

  async function register(): Promise<void> {
    // Unique over restarts under the same name: attempts of an earlier life must not look like this one's.
    const id = `${instanceId}.${crypto.randomUUID().slice(0, 8)}.${++generation}`;
    await store.register({ id, host: hostname(), pid: process.pid, version, concurrency, types });
    workerId = id;
    log.info("Registered as a worker", { workerId, concurrency });
  }

  async function beat(): Promise<void> {
    if (await store.heartbeat(workerId, state)) {
      const held = await store.held(workerId);
      runner().interrupt(
        held.filter((job) => job.cancelRequested).map((job) => job.id),
        "cancelled",
      );
      await giveBackOrphans(held.map((job) => job.id));
      return;
    }
    log.warn("This worker was presumed dead; its jobs are given up", { workerId });
    runner().interruptAll("superseded");
    await register();
  }

  /**
   * Give back jobs that the store says this worker runs and it does not: their claim was committed and the reply was
   * lost with the connection. A reply may also just be under way, so only what two heartbeats in a row found is given
   * back; should it run after all, its end is refused.
   */
  async function giveBackOrphans(held: readonly string[]): Promise<void> {
    const { running } = runner();
    const unknown = held.filter((id) => !running.has(id));
    const orphans = unknown.filter((id) => suspects.has(id));
    suspects = new Set(unknown);
    if (orphans.length === 0) return;
    const jobs = await runs.heldBy(workerId, orphans);
    const count = await endAsLost(
      jobs,
      { code: "CLAIM_LOST", message: "The claim's reply was lost before the attempt began" },
      false,
    );
    log.warn("Gave back jobs whose claim was lost", { count });
    onDue();
  }

  /** End attempts that nobody runs any more; gives how many were still held. */
  async function endAsLost(
    jobs: readonly ClaimedJob[],
    error: JobError,
    countsAsLoss: boolean,
  ): Promise<number> {
    if (jobs.length === 0) return 0;
    const finishedAt = new Date();
    const entries = jobs.map((job) => {
      const ended: EndedAttempt = {
        job,
        ending: { outcome: "lost", error: withFingerprint(error), countsAsLoss },
        finishedAt,
        durationMs: Math.max(0, finishedAt.getTime() - job.startedAt.getTime()),
        logs: "[]",
      };
      return { ended, conclusion: conclude(history, ended) };
    });
    const { done, message } = await runs.finish(entries);
    outbox.relay(message);
    // Whoever ran it can tell nothing any more.
    for (const { ended } of entries)
      if (done.has(ended.job.id)) attemptSpan(tracing, ended.job, ended.job.startedAt)?.end(ended);
    return done.size;
  }

  async function takeOver(): Promise<void> {
    const lost = await store.markLost(leaseMs);
    if (lost.length > 0) log.warn("Workers are presumed dead", { workers: lost });
    for (;;) {
      const jobs = await runs.heldByLost(TAKEOVER_BATCH);
      if (jobs.length === 0) return;
      const count = await endAsLost(
        jobs,
        { code: "WORKER_LOST", message: "The worker died before the attempt ended" },
        true,
      );
      log.warn("Took over jobs of dead workers", { count });
      onDue();
      // Whoever else takes over at this moment has written the others.
      if (count === 0) return;
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
