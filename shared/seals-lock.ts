/**
 * The advisory lock for merging seals of the ledger and adding pruned jobs to them: a seal must not move while
 * something is added to its sums. The number is arbitrary, but no other program may use it.
 */
export const SEALS_LOCK = 7_326_120;
