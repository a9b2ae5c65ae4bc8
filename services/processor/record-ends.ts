import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import { isRefusedValue } from "../../shared/postgres.ts";
import type { AttemptStore, EndEntry, PiggybackRequest } from "./attempt-store.ts";
import { type Conclusion, conclude } from "./conclude.ts";
import type { Historian } from "./history.ts";
import type { ClaimedJob, EndedAttempt } from "./job.ts";
import type { Outbox } from "./outbox.ts";
import { withFingerprint } from "./run-job.ts";

/**
 * The finished attempt as it was recorded; `superseded` if the worker no longer holds the job for this attempt;
 * `refused` if the store accepts no outcome of the attempt, not even a failure.
 */
export type Recorded = EndEntry | "superseded" | "refused";

/**
 * A claim to be made by the same statement that records finished attempts. `done` is called once, with the claimed
 * jobs, or with none if the statement fails.
 */
export interface PiggybackClaim extends PiggybackRequest {
  done(jobs: readonly ClaimedJob[]): void;
}

export interface EndRecorderOptions {
  readonly store: Pick<AttemptStore, "finish">;
  readonly history: Historian;
  readonly outbox: Pick<Outbox, "relay">;
  readonly log: Log;
  /** Returns the claim to add to the statement that records finished attempts; undefined to claim nothing. */
  readonly piggyback?: () => PiggybackClaim | undefined;
  /** Runs each statement, for example with retries. By default each statement runs once. */
  readonly attempt?: <T>(statement: () => Promise<T>) => Promise<T>;
}

/**
 * Creates the function that records how attempts ended. A batch with a value that PostgreSQL refuses is halved until
 * the attempt with that value is isolated. That attempt is recorded as failed, with PostgreSQL's reason, and the others
 * are recorded unchanged.
 */
export function createEndRecorder({
  store,
  history,
  outbox,
  log,
  piggyback = () => undefined,
  attempt = (statement) => statement(),
}: EndRecorderOptions) {
  const entryOf = (ended: EndedAttempt): EndEntry => ({ ended, conclusion: conclude(history, ended) });

  /**
   * Writes entries in one statement. Returns the indexes of the written entries, or PostgreSQL's reason for refusing a
   * value.
   */
  async function finish(entries: readonly EndEntry[]): Promise<ReadonlySet<number> | { refusal: unknown }> {
    const claim = piggyback();
    let jobs: readonly ClaimedJob[] = [];
    try {
      const { done, message, claimed } = await store.finish(entries, claim);
      outbox.relay(message);
      outbox.relay(claimed.message);
      jobs = claimed.jobs;
      return done;
    } catch (refusal) {
      if (!isRefusedValue(refusal)) throw refusal;
      return { refusal };
    } finally {
      claim?.done(jobs);
    }
  }

  async function write(entries: readonly EndEntry[]): Promise<Recorded[]> {
    const [only] = entries;
    if (!only) return [];
    const written = await attempt(() => finish(entries));
    if (!("refusal" in written))
      return entries.map((entry, index) => (written.has(index) ? entry : "superseded"));
    if (entries.length === 1) return [await writeRefused(only, messageOf(written.refusal))];
    log.warn("The job store refused a batch of attempt results; splitting it", {
      count: entries.length,
      reason: messageOf(written.refusal),
    });
    const half = Math.ceil(entries.length / 2);
    return [...(await write(entries.slice(0, half))), ...(await write(entries.slice(half)))];
  }

  /** Records an attempt as failed and without the handler's output, because the store refuses its actual outcome. */
  async function writeRefused({ ended }: EndEntry, reason: string): Promise<Recorded> {
    const { id: jobId, attempt: number } = ended.job;
    const error = withFingerprint({
      code: "STORE_REFUSED",
      message: `The job store refused the attempt's outcome: ${reason}`,
    });
    const failed: EndedAttempt = {
      ...ended,
      ending: { outcome: "failed", error, retryable: false },
      logs: "[]",
    };
    for (const job of [ended.job, { ...ended.job, cancelRequested: true }]) {
      const entry = entryOf({ ...failed, job });
      const written = await attempt(() => finish([entry]));
      if ("refusal" in written) {
        log.error("The job store refuses to record an attempt's outcome, even as a failure", {
          jobId,
          attempt: number,
          error: written.refusal,
        });
        return "refused";
      }
      if (!written.has(0)) continue;
      log.warn("The job store refused an attempt's result; the attempt is recorded as failed", {
        jobId,
        attempt: number,
        reason,
      });
      return entry;
    }
    return "superseded";
  }

  /**
   * Writes entries. If a job's cancellation was requested in the meantime, the store does not record a retry or a
   * failure; the attempt is then concluded again, as cancelled.
   */
  async function withCancels(entries: readonly EndEntry[]): Promise<Recorded[]> {
    const recorded = await write(entries);
    const overruled = entries
      .map(({ ended, conclusion }, index) => ({ ended, status: conclusion.status, index }))
      .filter(({ status, index }) => recorded[index] === "superseded" && mayBeOverruled(status));
    const again = await write(
      overruled.map(({ ended }) => entryOf({ ...ended, job: { ...ended.job, cancelRequested: true } })),
    );
    for (const [n, { index }] of overruled.entries()) recorded[index] = again[n] ?? "superseded";
    return recorded;
  }

  /** Records one batch. The results are in the order of `ends`. */
  return (ends: readonly EndedAttempt[]): Promise<Recorded[]> => withCancels(ends.map(entryOf));
}

function mayBeOverruled(status: Conclusion["status"]): boolean {
  return status === "RETRYING" || status === "FAILED";
}
