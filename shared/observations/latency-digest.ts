import type { Percentiles } from "../../contracts/api-queries.ts";

/**
 * A latency digest counts durations in buckets whose bounds grow by a constant factor γ, so the middle of a bucket
 * differs by at most (γ − 1) / (γ + 1) = 1.9% from any value in it. Digests can be merged by adding their counts, for
 * example those of several processes, minutes or job types, and percentiles of the merged digest are equally accurate.
 * There are at most 805 buckets.
 */
export type Digest = ReadonlyMap<number, number>;

const GAMMA = 1.038;
const LOG_GAMMA = Math.log(GAMMA);
/** Durations up to a microsecond count as zero, in bucket 0. */
const LEAST_MS = 0.001;
/** Durations above 115 days count as 115 days. */
const MOST_MS = 1e10;

/** Returns the number of a duration's bucket. Buckets are numbered from 0, shortest durations first. */
export function bucketOf(ms: number): number {
  if (!(ms > LEAST_MS)) return 0;
  return Math.ceil(Math.log(Math.min(ms, MOST_MS) / LEAST_MS) / LOG_GAMMA);
}

/** Returns the duration that represents a bucket, in milliseconds. */
export function middleOf(bucket: number): number {
  return bucket === 0 ? 0 : (LEAST_MS * 2 * GAMMA ** bucket) / (GAMMA + 1);
}

/** Returns the duration that a fraction `q` of all durations does not exceed (nearest rank); null if there are none. */
export function percentile(digest: Digest, q: number): number | null {
  return percentiles(digest, [q])[0] ?? null;
}

/** Returns several percentiles in one pass, in the order of `qs`. */
export function percentiles(digest: Digest, qs: readonly number[]): (number | null)[] {
  const buckets = [...digest].sort(([a], [b]) => a - b);
  const count = countOf(digest);
  return qs.map((q) => {
    const rank = Math.max(1, Math.ceil(q * count));
    let below = 0;
    for (const [bucket, n] of buckets) {
      below += n;
      if (below >= rank) return middleOf(bucket);
    }
    return null;
  });
}

/** Returns the number of durations in a digest. */
export function countOf(digest: Digest): number {
  let count = 0;
  for (const n of digest.values()) count += n;
  return count;
}

/** Adds one digest's counts to another. */
export function mergeInto(target: Map<number, number>, digest: Digest): void {
  for (const [bucket, n] of digest) target.set(bucket, (target.get(bucket) ?? 0) + n);
}

/** Summarizes a digest as the APIs show it. */
export function summaryOf(digest: Digest): Percentiles {
  const [p50 = null, p95 = null, p99 = null] = percentiles(digest, [0.5, 0.95, 0.99]);
  return { count: countOf(digest), p50, p95, p99 };
}
