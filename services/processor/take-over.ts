import type { JobError } from "../../contracts/job.ts";
import type { Log } from "../../shared/log.ts";
import type { Tracing } from "../../shared/tracing.ts";
import { attemptSpan } from "./attempt-span.ts";
import type { AttemptStore } from "./attempt-store.ts";
import type { Historian } from "./history.ts";
import type { ClaimedJob } from "./job.ts";
import type { Outbox } from "./outbox.ts";
import { createEndRecorder } from "./record-ends.ts";
import { withFingerprint } from "./run-job.ts";
import type { WorkerStore } from "./worker-store.ts";

const TAKEOVER_BATCH = 200;
/** Maximum number of jobs named in a log line; the store has the full list. */
const MAX_NAMED = 20;

export interface TakeOverOptions {
  readonly store: Pick<WorkerStore, "markLost">;
  readonly attempts: AttemptStore;
  readonly history: Historian;
  readonly outbox: Outbox;
  readonly tracing: Tracing;
  readonly log: Log;
  /** How many milliseconds after its last heartbeat a worker is presumed dead. */
  readonly leaseMs: number;
  /** Called when a takeover may have made jobs due. */
  readonly onDue: () => void;
}

/** Creates the functions that end attempts whose workers no longer run them, so that the jobs can run again. */
export function createTakeOver(options: TakeOverOptions) {
  const { store, attempts, history, outbox, tracing, log, leaseMs, onDue } = options;
  const recordEnds = createEndRecorder({ store: attempts, history, outbox, log });

  /**
   * Records the running attempts of these jobs as lost. Returns only the jobs whose attempt had not been finished in
   * the meantime.
   */
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
    // The workers that ran these attempts can no longer report their spans, so report them here.
    for (const end of ended) attemptSpan(tracing, end.job, end.job.startedAt)?.end(end);
    return ended.map(({ job }) => job);
  }

  /** Takes over the jobs of workers whose lease has expired. Returns the milliseconds until the next lease expires. */
  async function takeOver(): Promise<number> {
    const { lost, nextMs } = await store.markLost(leaseMs);
    if (lost.length > 0) log.warn("Workers are presumed dead", { workers: lost, leaseMs });
    for (;;) {
      const jobs = await attempts.heldByLost(TAKEOVER_BATCH);
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
      // If none of these attempts was still running, another processor has taken them over in the meantime. Leave the
      // remaining jobs to it.
      if (ended.length === 0) return nextMs ?? leaseMs;
    }
  }

  return { endAsLost, takeOver };
}

export const namedIds = (jobs: readonly ClaimedJob[]) => jobs.slice(0, MAX_NAMED).map((job) => job.id);
