import type { LoadResult, SentJob } from "./load.ts";
import type { RunningSystem } from "./system.ts";

/** Sent and finished jobs, joined by id. `missing` counts those accepted but never finished; it must be 0. */
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
 * Waits until the jobs have finished. It looks at the oldest hundred unfinished ones, so that each job is looked up
 * about once, by its id: counting would read what is being measured. The wait ends when a system makes no progress for
 * `stallMs`; its unfinished jobs count as `missing`.
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

/** Waits until the system's observers have counted `expected` finished jobs; gives up when they stand still. */
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
      throw new Error(`Observers stand still at ${count} of ${expected} finished jobs`);
    seen = count;
    await Bun.sleep(POLL_MS);
  }
}

/** Joins a load with what the system says about its end: latency is finished minus due. */
export async function joinCompletions(system: RunningSystem, load: LoadResult): Promise<Completions> {
  return join(load.accepted, await system.finishedAt());
}

/** The value below which the share `q` of the sorted values lies (nearest rank); NaN when there are none. */
export function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

const WINDOW = 100;
// End times come from the jobs themselves, so a slow poll does not affect the result.
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
