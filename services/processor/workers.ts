import { hostname } from "node:os";
import type { JobError } from "../../contracts/job.ts";
import { pause, untilItSucceeds } from "../../shared/async.ts";
import type { Duty } from "../../shared/duty.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { Tracing } from "../../shared/tracing.ts";
import { attemptSpan } from "./attempt-span.ts";
import type { Historian } from "./history.ts";
import type { ClaimedJob } from "./job.ts";
import type { Outbox } from "./outbox.ts";
import { createEndRecorder } from "./record-ends.ts";
import { withFingerprint } from "./run-job.ts";
import type { RunStore } from "./run-store.ts";
import type { Runner } from "./runner.ts";
import { createSteadiness } from "./steadiness.ts";
import type { StoreClock } from "./store-clock.ts";
import type { WorkerStore } from "./worker-store.ts";

const TAKEOVER_BATCH = 200;
const SOON_MS = 10;

export interface WorkersOptions {
  readonly store: WorkerStore;
  readonly runs: RunStore;
  readonly history: Historian;
  readonly clock: Pick<StoreClock, "measure">;
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
  readonly duty: Duty;
  readonly runner: () => Pick<Runner, "interrupt" | "interruptAll" | "running">;
  /** Called when a takeover has made jobs due. */
  readonly onDue: () => void;
}

/**
 * This processor's life as a worker: it registers, renews its lease three times in each, and takes over the jobs of
 * workers whose lease has expired. A worker that finds itself presumed dead drops its jobs and continues under a new id.
 */
export function createWorkers(options: WorkersOptions) {
  const { store, runs, history, clock, outbox, tracing, log } = options;
  const { instanceId, version, concurrency, types, leaseMs, duty, runner, onDue } = options;
  const beatMs = Math.max(50, Math.floor(leaseMs / 3));
  const recordEnds = createEndRecorder({ store: runs, history, outbox, log });
  let generation = 0;
  let suspects: ReadonlySet<string> = new Set();
  let workerId = "";
  let state: "alive" | "stopping" = "alive";
  const steadiness = createSteadiness(leaseMs);

  async function register(): Promise<void> {
    // Unique over restarts under the same name: attempts of an earlier life must not look like this one's.
    const id = `${instanceId}.${crypto.randomUUID().slice(0, 8)}.${++generation}`;
    await clock.measure();
    await store.register({ id, host: hostname(), pid: process.pid, version, concurrency, types });
    workerId = id;
    log.info("Registered as a worker", { workerId, concurrency });
  }

  async function beat(): Promise<void> {
    await clock.measure();
    if (await store.heartbeat(workerId, state)) {
      const held = await store.held(workerId);
      runner().interrupt(
        held.filter((job) => job.cancelRequested).map((job) => job.id),
        "cancelled",
      );
      await giveBackOrphans(held.map((job) => job.id));
      return;
    }
    log.warn("This worker was presumed dead and abandons its jobs", { workerId });
    runner().interruptAll("superseded");
    await register();
    onDue();
  }

  /**
   * Returns jobs that the store says this worker runs and it does not: their claim was committed and the reply was
   * lost with the connection. A reply may also still be under way, so only what two heartbeats in a row found is
   * returned; should it run after all, its end is refused.
   */
  async function giveBackOrphans(held: readonly string[]): Promise<void> {
    const { running } = runner();
    const unknown = held.filter((id) => !running.has(id));
    const orphans = unknown.filter((id) => suspects.has(id));
    suspects = new Set(unknown);
    if (orphans.length === 0) return;
    const jobs = await runs.heldBy(workerId, orphans);
    const ended = await endAsLost(
      jobs,
      { code: "CLAIM_LOST", message: "The claim's reply was lost before the attempt began" },
      false,
    );
    log.warn("Returned jobs whose claim was lost", {
      workerId,
      count: ended.length,
      jobIds: namedIds(ended),
    });
    onDue();
  }

  /** Ends attempts that their worker no longer runs; returns the jobs that were still held. */
  async function endAsLost(
    jobs: readonly ClaimedJob[],
    error: JobError,
    countsAsLoss: boolean,
  ): Promise<readonly ClaimedJob[]> {
    const finishedAt = history.now();
    const recorded = await recordEnds(
      jobs.map((job) => ({
        job,
        ending: { outcome: "lost", error: withFingerprint(error), countsAsLoss },
        finishedAt,
        durationMs: Math.max(0, finishedAt.getTime() - job.startedAt.getTime()),
        logs: "[]",
      })),
    );
    const ended = recorded.flatMap((entry) => (typeof entry === "string" ? [] : [entry.ended]));
    // The worker that ran it can no longer report it.
    for (const end of ended) attemptSpan(tracing, end.job, end.job.startedAt)?.end(end);
    return ended.map(({ job }) => job);
  }

  /** Takes over the jobs of workers whose lease has expired; returns in how many milliseconds the next one expires. */
  async function takeOver(): Promise<number> {
    const { lost, nextMs } = await store.markLost(leaseMs);
    if (lost.length > 0) log.warn("Workers are presumed dead", { workers: lost, leaseMs });
    for (;;) {
      const jobs = await runs.heldByLost(TAKEOVER_BATCH);
      if (jobs.length === 0) return nextMs ?? leaseMs;
      const ended = await endAsLost(
        jobs,
        { code: "WORKER_LOST", message: "The worker died before the attempt ended" },
        true,
      );
      for (const [from, taken] of Map.groupBy(ended, (job) => job.workerId))
        log.warn("Took over the jobs of a dead worker", {
          from,
          count: taken.length,
          jobIds: namedIds(taken),
        });
      onDue();
      // Another processor that takes over at this moment has written the others.
      if (ended.length === 0) return nextMs ?? leaseMs;
    }
  }

  return {
    id: () => workerId,

    async start(signal: AbortSignal): Promise<void> {
      await untilItSucceeds(register, {
        signal,
        onError: (error) => log.warn("Cannot register as a worker yet", { reason: messageOf(error) }),
      });
    },

    /** Renews the lease, and takes over the jobs of workers that do not, until `signal` aborts. */
    async run(signal: AbortSignal): Promise<void> {
      let beatAt = 0;
      duty.begin();
      while (!signal.aborted) {
        let waitMs = beatMs;
        try {
          if (performance.now() >= beatAt) {
            await beat();
            steadiness.beaten();
            beatAt = performance.now() + beatMs;
          }
          // Looking again exactly when a lease ends, and not a beat later, keeps a takeover within three beats.
          if (steadiness.mayJudge()) waitMs = Math.min(beatMs, (await takeOver()) + SOON_MS);
          waitMs = Math.min(waitMs, Math.max(0, beatAt - performance.now()));
          duty.done();
        } catch (error) {
          duty.failed(messageOf(error));
          log.warn("No heartbeat now", { reason: messageOf(error) });
        }
        await pause(Math.max(SOON_MS, waitMs), signal);
      }
    },

    /** Shows that this worker takes no more; heartbeats go on. */
    async stopping(): Promise<void> {
      state = "stopping";
      await store.heartbeat(workerId, state);
    },

    retire: () => store.retire(workerId),
  };
}

/** A log line names at most so many jobs; the store has them all. */
const MAX_NAMED = 20;
const namedIds = (jobs: readonly ClaimedJob[]) => jobs.slice(0, MAX_NAMED).map((job) => job.id);

export type Workers = ReturnType<typeof createWorkers>;
