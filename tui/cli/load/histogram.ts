/** Counts durations in buckets whose bounds grow by a fixed factor, so memory use does not grow with the load. */
export interface Histogram {
  add(ms: number): void;
  readonly count: number;
  readonly max: number;
  /**
   * Returns the duration that a share (0 to 1) of all durations does not exceed, accurate to 5%; undefined if nothing
   * was added.
   */
  quantile(share: number): number | undefined;
  /** Counts the durations in ranges with round upper bounds: 1 ms, 2 ms, 5 ms, 10 ms, … */
  rows(): readonly { readonly upToMs: number; readonly count: number }[];
}

const FACTOR = 1.05;
const LEAST_MS = 0.1;
const BOUNDS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, Number.POSITIVE_INFINITY];

export function createHistogram(): Histogram {
  const buckets = new Map<number, number>();
  const rows = BOUNDS.map(() => 0);
  let count = 0;
  let max = 0;
  return {
    add(ms) {
      const bucket = Math.max(0, Math.ceil(Math.log(Math.max(ms, LEAST_MS) / LEAST_MS) / Math.log(FACTOR)));
      buckets.set(bucket, (buckets.get(bucket) ?? 0) + 1);
      const row = BOUNDS.findIndex((bound) => ms <= bound);
      rows[row] = (rows[row] ?? 0) + 1;
      count++;
      max = Math.max(max, ms);
    },
    get count() {
      return count;
    },
    get max() {
      return max;
    },
    quantile(share) {
      let left = Math.ceil(share * count);
      if (left === 0) return undefined;
      for (const bucket of [...buckets.keys()].sort((a, b) => a - b)) {
        left -= buckets.get(bucket) ?? 0;
        if (left <= 0) return Math.min(max, LEAST_MS * FACTOR ** bucket);
      }
      return max;
    },
    rows() {
      const first = rows.findIndex((n) => n > 0);
      const last = rows.findLastIndex((n) => n > 0);
      return first < 0
        ? []
        : BOUNDS.slice(first, last + 1).map((upToMs, n) => ({ upToMs, count: rows[first + n] ?? 0 }));
    },
  };
}
