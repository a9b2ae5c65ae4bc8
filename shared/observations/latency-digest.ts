import type { Percentiles } from "../../contracts/api-queries.ts";

/**
 * A latency digest counts durations in buckets whose bounds grow by one factor γ, so the middle of a bucket is at
 * most (γ − 1) / (γ + 1) = 1.9 % from any value in it. Digests are merged by adding counts: in one process,
 * in a Redis hash, over minutes or types, the percentiles of the sum keep that error. At most 805 buckets exist.
 */
export type Digest = ReadonlyMap<number, number>;

const GAMMA = 1.038;
const LOG_GAMMA = Math.log(GAMMA);
/** Shorter than a microsecond is zero: bucket 0. */
const LEAST_MS = 0.001;
/** Longer than 115 days counts as 115 days. */
const MOST_MS = 1e10;

/** The bucket of a duration. Buckets are whole numbers from 0, ordered as the durations are. */
export function bucketOf(ms: number): number {
  if (!(ms > LEAST_MS)) return 0;
  return Math.ceil(Math.log(Math.min(ms, MOST_MS) / LEAST_MS) / LOG_GAMMA);
}

/** The duration that stands for a bucket, in milliseconds. */
export function middleOf(bucket: number): number {
  return bucket === 0 ? 0 : (LEAST_MS * 2 * GAMMA ** bucket) / (GAMMA + 1);
}

/** The duration that the fraction `q` of all durations does not exceed (nearest rank); null when there are none. */
export function percentile(digest: Digest, q: number): number | null {
  return percentiles(digest, [q])[0] ?? null;
}

/** Several percentiles in one pass, in the order of `qs`. */
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

/** How many durations a digest holds. */
export function countOf(digest: Digest): number {
  let count = 0;
  for (const n of digest.values()) count += n;
  return count;
}

/** Adds the counts of one digest to another. */
export function mergeInto(target: Map<number, number>, digest: Digest): void {
  for (const [bucket, n] of digest) target.set(bucket, (target.get(bucket) ?? 0) + n);
}

/** A digest as the APIs show it. */
export function summaryOf(digest: Digest): Percentiles {
  const [p50 = null, p95 = null, p99 = null] = percentiles(digest, [0.5, 0.95, 0.99]);
  return { count: countOf(digest), p50, p95, p99 };
}
