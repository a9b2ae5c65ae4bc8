import type { JobError, JobStatus } from "../../contracts/job.ts";
import { after, type Historian, type Step } from "./history.ts";
import type { EndedAttempt } from "./job.ts";
import { MAX_LOSSES, nextDelayMs } from "./retry-policy.ts";

/** What becomes of a job after an attempt. */
export interface Conclusion {
  readonly status: JobStatus;
  readonly tries: number;
  readonly losses: number;
  readonly runAt: Date | null;
  readonly error: JobError | null;
  readonly steps: readonly Step[];
}

/**
 * Decide what becomes of a job whose attempt has ended:
 * succeeded → COMPLETED; cancelled → CANCELLED; failed or timed out → RETRYING while tries are left, else FAILED;
 * lost with its worker → RETRYING at once, FAILED when that happened too often, CANCELLED when a person had asked for it.
 */
export function conclude(history: Historian, ended: EndedAttempt, random?: () => number): Conclusion {
  const { job, ending, finishedAt, durationMs } = ended;
  const error = "error" in ending ? ending.error : null;
  const executed = history.executed(
    job,
    {
      outcome: ending.outcome,
      workerId: job.workerId,
      durationMs,
      queueWaitMs: job.queueWaitMs,
      ...(error && { error }),
    },
    finishedAt,
  );
  const standing = after(job, executed);
  const totalMs = Math.max(0, finishedAt.getTime() - job.createdAt.getTime());
  const { tries, losses } = job;

  const retrying = (
    delayMs: number,
    cause: JobError,
    counts: { tries: number; losses: number },
  ): Conclusion => {
    const runAt = new Date(finishedAt.getTime() + delayMs);
    const facts = { runAt: runAt.toISOString(), delayMs, error: cause };
    return {
      status: "RETRYING",
      ...counts,
      runAt,
      error: cause,
      steps: [
        executed,
        history.move(standing, "RETRYING", "job.retrying", facts, finishedAt, {
          detail: { delayMs, error: cause },
        }),
      ],
    };
  };
  const failed = (cause: JobError, counts: { tries: number; losses: number }): Conclusion => ({
    status: "FAILED",
    ...counts,
    runAt: null,
    error: cause,
    steps: [
      executed,
      history.move(standing, "FAILED", "job.failed", { error: cause, totalMs }, finishedAt, {
        detail: { error: cause },
      }),
    ],
  });
  const cancelled = (): Conclusion => ({
    status: "CANCELLED",
    tries,
    losses,
    runAt: null,
    error: null,
    steps: [executed, history.move(standing, "CANCELLED", "job.cancelled", { totalMs }, finishedAt)],
  });

  switch (ending.outcome) {
    case "succeeded":
      return {
        status: "COMPLETED",
        tries,
        losses,
        runAt: null,
        error: null,
        steps: [
          executed,
          history.move(standing, "COMPLETED", "job.completed", { durationMs, totalMs }, finishedAt),
        ],
      };
    case "cancelled":
      return cancelled();
    case "lost": {
      if (job.cancelRequested) return cancelled();
      const counts = { tries, losses: losses + (ending.countsAsLoss ? 1 : 0) };
      return counts.losses >= MAX_LOSSES ? failed(ending.error, counts) : retrying(0, ending.error, counts);
    }
    default: {
      const counts = { tries: tries + 1, losses };
      const delayMs = ending.retryable ? nextDelayMs({ ...job, tries: counts.tries }, random) : null;
      return delayMs === null ? failed(ending.error, counts) : retrying(delayMs, ending.error, counts);
    }
  }
}
