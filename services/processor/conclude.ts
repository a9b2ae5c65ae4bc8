import type { JobError, JobStatus } from "../../contracts/job.ts";
import { after, type Historian, laterOf, type Step } from "./history.ts";
import type { EndedAttempt } from "./job.ts";
import { MAX_LOSSES, nextDelayMs } from "./retry-policy.ts";

/** The fate of a job after an attempt, without the steps that record it. */
interface Verdict {
  readonly status: Extract<JobStatus, "COMPLETED" | "CANCELLED" | "RETRYING" | "FAILED">;
  readonly tries: number;
  readonly losses: number;
  /** For RETRYING: milliseconds until the next attempt. */
  readonly delayMs: number;
  readonly error: JobError | null;
}

/** The fate of a job after an attempt, with the steps that record it. */
export interface Conclusion extends Omit<Verdict, "delayMs"> {
  /** When the attempt ended; never before it began. */
  readonly at: Date;
  readonly runAt: Date | null;
  readonly steps: readonly Step[];
}

/** Decides the fate of a job whose attempt has ended, and creates its next steps. */
export function conclude(history: Historian, ended: EndedAttempt, random?: () => number): Conclusion {
  const { job, ending, durationMs } = ended;
  const { delayMs, ...verdict } = verdictOn(ended, random);
  const at = laterOf(ended.finishedAt, job.updatedAt);
  const executed = history.executed(
    job,
    {
      outcome: ending.outcome,
      workerId: job.workerId,
      durationMs,
      queueWaitMs: job.queueWaitMs,
      ...("error" in ending && { error: brief(ending.error) }),
    },
    at,
  );
  // The delay counts from `finishedAt`. If a clock that is ahead of this one wrote the job's history, `at` is later and
  // would postpone the retry.
  const runAt = verdict.status === "RETRYING" ? new Date(ended.finishedAt.getTime() + delayMs) : null;
  return { ...verdict, at, runAt, steps: [executed, move()] };

  function move(): Step {
    const standing = after(job, executed);
    const totalMs = Math.max(0, at.getTime() - job.createdAt.getTime());
    const { status, error } = verdict;
    if (status === "COMPLETED")
      return history.move(standing, status, "job.completed", { durationMs, totalMs }, at, { implied: true });
    if (status === "CANCELLED" || !error)
      return history.move(standing, "CANCELLED", "job.cancelled", { totalMs }, at);
    if (status === "FAILED")
      return history.move(standing, status, "job.failed", { error, totalMs }, at, { detail: { error } });
    const facts = { runAt: (runAt ?? at).toISOString(), delayMs, error };
    return history.move(standing, status, "job.retrying", facts, at, { detail: { delayMs, error } });
  }
}

/**
 * Decides a job's fate from its attempt's outcome. A success completes the job. After any other outcome, a job whose
 * cancellation was requested is cancelled. A failure or timeout is retried while tries remain, unless the error rules
 * that out; otherwise the job fails. A job lost with its worker is retried immediately, or fails after too many losses.
 */
function verdictOn({ job, ending }: EndedAttempt, random?: () => number): Verdict {
  const { tries, losses } = job;
  if (ending.outcome === "succeeded") return { status: "COMPLETED", tries, losses, delayMs: 0, error: null };
  if (ending.outcome === "cancelled" || job.cancelRequested)
    return { status: "CANCELLED", tries, losses, delayMs: 0, error: null };
  const error = brief(ending.error);
  if (ending.outcome === "lost") {
    const lost = losses + (ending.countsAsLoss ? 1 : 0);
    return { status: lost >= MAX_LOSSES ? "FAILED" : "RETRYING", tries, losses: lost, delayMs: 0, error };
  }
  const tried = tries + 1;
  const delayMs = ending.retryable ? nextDelayMs({ ...job, tries: tried }, random) : null;
  return {
    status: delayMs === null ? "FAILED" : "RETRYING",
    tries: tried,
    losses,
    delayMs: delayMs ?? 0,
    error,
  };
}

/** Returns the fields that identify an error, for events and lists. The stack stays with the attempt. */
function brief({ code, message, fingerprint }: JobError): JobError {
  return { code, message, ...(fingerprint && { fingerprint }) };
}
