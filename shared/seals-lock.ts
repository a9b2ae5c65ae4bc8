/**
 * The advisory lock for merging ledger seals and for adding pruned jobs to them: a seal must not be merged while its
 * sums grow. The number is arbitrary, but no other program may use it.
 */
export const SEALS_LOCK = 7_326_120;
