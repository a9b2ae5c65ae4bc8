import { isTerminal, type JobStatus } from "../../contracts/job.ts";
import { ApiError } from "../../shared/api-client/api-error.ts";
import type { ApiClient } from "../../shared/api-client/client.ts";
import { pause } from "../../shared/async.ts";

/**
 * Maximum number of outcomes kept for jobs that are not expected yet, because a job may end before the response to its
 * submission arrives. Beyond it, the oldest outcome is dropped.
 */
const MAX_EARLY = 50_000;
const POLL_EVERY_MS = 1_000;
const POLLS_AT_A_TIME = 8;
const MAX_POLLS = 400;

export interface Outcomes {
  /**
   * Resolves once the live stream is connected. Jobs should be submitted only after that, so that the stream reports
   * their outcomes.
   */
  readonly ready: Promise<void>;
  /** Adds a job to wait for. */
  expect(jobId: string): void;
  /** The outcomes of expected jobs that have ended. */
  readonly ended: ReadonlyMap<string, JobStatus>;
  /** Ids of expected jobs that have not ended. */
  readonly open: ReadonlySet<string>;
  /** Resolves when every expected job has ended, or `signal` aborts. */
  allEnded(signal: AbortSignal): Promise<void>;
}

/**
 * Watches jobs on the live stream until they end. `allEnded` also polls unfinished jobs whenever the stream has
 * reported no outcome for a second, because the stream may have skipped some. Calls `onEnd` once per expected job, as
 * soon as its outcome is known.
 */
export function watchOutcomes(
  client: ApiClient,
  signal: AbortSignal,
  onEnd: (jobId: string, status: JobStatus) => void = () => undefined,
): Outcomes {
  const early = new Map<string, JobStatus>();
  const ended = new Map<string, JobStatus>();
  const open = new Set<string>();
  const connected = Promise.withResolvers<void>();
  let wake: () => void = () => undefined;

  function note(jobId: string, status: JobStatus): void {
    if (open.delete(jobId)) {
      ended.set(jobId, status);
      onEnd(jobId, status);
      if (open.size === 0) wake();
    } else if (!ended.has(jobId)) {
      early.set(jobId, status);
      if (early.size > MAX_EARLY) early.delete(early.keys().next().value!);
    }
  }

  async function follow(): Promise<void> {
    for await (const update of client.follow({ signal })) {
      if (update.kind === "connected") connected.resolve();
      if (update.kind === "disconnected") connected.reject(update.error);
      if (update.kind !== "deltas") continue;
      for (const { jobId, status } of update.deltas) if (status && isTerminal(status)) note(jobId, status);
    }
    connected.resolve();
  }

  async function poll(): Promise<void> {
    const ids = [...open].slice(0, MAX_POLLS);
    const worker = async () => {
      for (let id = ids.pop(); id !== undefined && !signal.aborted; id = ids.pop()) {
        const status = await statusOf(client, id, signal);
        if (status && isTerminal(status)) note(id, status);
      }
    };
    await Promise.all(Array.from({ length: POLLS_AT_A_TIME }, worker));
  }

  void follow().catch(connected.reject);
  return {
    ready: connected.promise,
    ended,
    open,
    expect(jobId) {
      open.add(jobId);
      const status = early.get(jobId);
      if (status) note(jobId, status);
      early.delete(jobId);
    },
    async allEnded(stop) {
      const until = AbortSignal.any([signal, stop]);
      while (open.size > 0 && !until.aborted) {
        const before = open.size;
        const done = new AbortController();
        wake = () => done.abort();
        await pause(POLL_EVERY_MS, AbortSignal.any([until, done.signal]));
        // While the stream reports outcomes, polling would only add load.
        if (open.size === before && !until.aborted) await poll();
      }
    },
  };
}

/** Returns a job's status, or undefined if the read-model cannot find the job yet or is unavailable. */
async function statusOf(client: ApiClient, id: string, signal: AbortSignal): Promise<JobStatus | undefined> {
  try {
    return (await client.readModel.jobDetail({ params: { id } }, { signal })).status;
  } catch (error) {
    if (error instanceof ApiError && (error.code === "JOB_NOT_FOUND" || error.retryable)) return undefined;
    if (signal.aborted) return undefined;
    throw error;
  }
}
