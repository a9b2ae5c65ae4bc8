import type { LoadResult, SentJob } from "./load.ts";
import type { RunningSystem } from "./system.ts";

/** The result of joining sent and finished jobs by id. `missing` counts jobs that never finished; it must be 0. */
export interface Completions {
  latenciesMs: number[];
  lastFinishedAt: number;
  missing: number;
}

interface WaitOptions {
  stallMs: number;
  signal: AbortSignal;
}

/**
 * Waits until the jobs have finished. Counting all jobs would put load on the system being measured, so this function
 * polls only the oldest hundred unfinished jobs by id, and looks up most jobs only once. The wait also ends when the
 * system makes no progress for `stallMs`; jobs that are still unfinished then count as `missing`.
 */
export async function waitForCompletion(
  system: RunningSystem,
  { jobIds, stallMs, signal }: WaitOptions & { jobIds: readonly string[] },
): Promise<void> {
  let next = 0;
  let open: string[] = [];
  let progressAt = performance.now();
  while (!signal.aborted) {
    const looked = [...open, ...jobIds.slice(next, next + WINDOW - open.length)];
    if (looked.length === 0) return;
    next += looked.length - open.length;
    open = await system.unfinished(looked);
    if (open.length < looked.length) progressAt = performance.now();
    else if (performance.now() - progressAt > stallMs) return;
    if (open.length > 0) await Bun.sleep(POLL_MS);
  }
}

/**
 * Waits until `observed`, a count of recorded outcomes, reaches `expected`; throws after `stallMs` without progress.
 */
export async function waitForObservers(
  observed: () => Promise<number>,
  { expected, stallMs, signal }: WaitOptions & { expected: number },
): Promise<void> {
  let seen = -1;
  let progressAt = performance.now();
  while (!signal.aborted) {
    const count = await observed();
    if (count >= expected) return;
    if (count > seen) progressAt = performance.now();
    else if (performance.now() - progressAt > stallMs)
      throw new Error(`Observers stopped at ${count} of ${expected} finished jobs`);
    seen = count;
    await Bun.sleep(POLL_MS);
  }
}

/** Joins the submitted jobs with the system's finish times. A job's latency is its finish time minus its due time. */
export async function joinCompletions(system: RunningSystem, load: LoadResult): Promise<Completions> {
  return join(load.accepted, await system.finishedAt());
}

/** Returns the `q` quantile of sorted values by nearest rank; NaN if there are none. */
export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

const WINDOW = 100;
// Finish times come from the jobs themselves, so slow polling does not affect the result.
const POLL_MS = 100;

function join(sent: readonly SentJob[], finishedAt: ReadonlyMap<string, number>): Completions {
  const latenciesMs: number[] = [];
  let lastFinishedAt = Number.NEGATIVE_INFINITY;
  for (const { jobId, sentAt } of sent) {
    const finished = finishedAt.get(jobId);
    if (finished === undefined) continue;
    latenciesMs.push(finished - sentAt);
    lastFinishedAt = Math.max(lastFinishedAt, finished);
  }
  latenciesMs.sort((a, b) => a - b);
  return { latenciesMs, lastFinishedAt, missing: sent.length - latenciesMs.length };
}
