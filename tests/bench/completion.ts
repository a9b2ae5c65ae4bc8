import type { LoadResult, SentJob } from "./load.ts";
import type { RunningSystem } from "./system.ts";

/** Sent and finished, joined by id. `missing` were accepted and never finished: it must be 0. */
export interface Completions {
  latenciesMs: number[];
  lastFinishedAt: number;
  missing: number;
}

/**
 * Waits until `expected` jobs more than `before` have finished. A system that makes no progress for
 * `stallMs` is given up on; what it still owes shows as `missing`.
 */
export async function waitForCompletion(
  system: RunningSystem,
  { expected, stallMs, signal }: { expected: number; stallMs: number; signal: AbortSignal },
): Promise<void> {
  let seen = -1;
  let progressAt = performance.now();
  while (!signal.aborted) {
    const count = await system.completedCount();
    if (count >= expected) return;
    if (count > seen) progressAt = performance.now();
    else if (performance.now() - progressAt > stallMs) return;
    seen = count;
    await Bun.sleep(pollMs);
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

// The time of the end comes from the jobs themselves, so a slow poll costs the result nothing.
const pollMs = 100;

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
