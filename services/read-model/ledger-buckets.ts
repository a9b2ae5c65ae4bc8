/** Counts by the last three hexadecimal digits of a job id, which are random in every version of UUID in use. */
export interface Buckets {
  add(jobId: string): void;
  /** The buckets whose count is another than the one given for it; 0 where none is given. */
  differing(counts: ReadonlyMap<string, number>): Set<string>;
}

/**
 * Tells in fixed memory where two sets differ, of which one is part of the other: equal counts are equal sets then.
 * So what is right need not be looked up one id at a time.
 */
export function createBuckets(): Buckets {
  const counted = new Map<string, number>();
  return {
    add(jobId) {
      const bucket = jobId.slice(-3).toLowerCase();
      counted.set(bucket, (counted.get(bucket) ?? 0) + 1);
    },
    differing(counts) {
      const buckets = [...counted.keys(), ...counts.keys()];
      return new Set(buckets.filter((bucket) => (counted.get(bucket) ?? 0) !== (counts.get(bucket) ?? 0)));
    },
  };
}
