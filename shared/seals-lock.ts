/**
 * The key of PostgreSQL's advisory lock for ledger seals, which hold the sums of past time spans. It is held while
 * seals are merged and while pruned jobs are added to their sums, because a seal must not be merged while its sums
 * grow. The number is arbitrary, but no other program may use it in this database.
 */
export const SEALS_LOCK = 7_326_120;
