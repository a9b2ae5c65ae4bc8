import type postgres from "postgres";
import type { DeadLetterFilter } from "../contracts/filter-schema.ts";
import { anyOf } from "./job-filter-sql.ts";
import { wordsOf } from "./job-text.ts";
import type { Sql } from "./postgres.ts";

type Fragment = postgres.PendingQuery<postgres.Row[]>;

/**
 * Builds a filter's conditions on rows of `dead_letters`. Time ranges exclude both ends. Ages such as `5m` must already
 * have been replaced with times.
 */
export function deadLetterConditions(sql: Sql, filter: DeadLetterFilter): Fragment {
  const { diedAfter, diedBefore, text } = filter;
  const all: Fragment[] = [sql`dropped_at is null`];
  if (filter.reason) all.push(anyOf(sql, sql`reason`, [filter.reason].flat()));
  if (filter.type) all.push(anyOf(sql, sql`type`, [filter.type].flat()));
  if (diedAfter) all.push(sql`died_at > ${diedAfter}::text::timestamptz`);
  if (diedBefore) all.push(sql`died_at < ${diedBefore}::text::timestamptz`);
  if (text) all.push(sql`words @@ ${wordsOf(sql, text)}`);
  return all.reduce((whole, one) => sql`${whole} and ${one}`);
}
