import type postgres from "postgres";
import type { JobFilter } from "../contracts/filter-schema.ts";
import { type Sql, textArray } from "./postgres.ts";

type Fragment = postgres.PendingQuery<postgres.Row[]>;

/**
 * Builds a filter's conditions on rows of `jobs`, except for its text search. The conditions are worded like those of
 * the partial indexes, because PostgreSQL uses a partial index only for a query that repeats its condition. Ages must
 * already have been resolved to times.
 */
export function jobConditions(sql: Sql, filter: JobFilter): Fragment {
  const { parentId, workerId, fingerprint, payload = {} } = filter;
  const all: Fragment[] = [sql`true`];
  if (filter.status) all.push(anyOf(sql, sql`status`, [filter.status].flat()));
  if (filter.type) all.push(anyOf(sql, sql`type`, [filter.type].flat()));
  if (parentId) all.push(sql`parent_id = ${parentId}`);
  if (workerId) all.push(sql`worker_id = ${workerId}`);
  if (filter.errorCode)
    all.push(sql`error is not null and ${anyOf(sql, sql`error->>'code'`, [filter.errorCode].flat())}`);
  if (fingerprint) all.push(sql`error is not null and error->>'fingerprint' = ${fingerprint}`);
  all.push(...timeConditions(sql, filter));
  for (const [field, values] of Object.entries(payload))
    all.push(
      sql`payload <> '{}' and (${either(
        sql,
        [values].flat().map((value) => contains(sql, field, value)),
      )})`,
    );
  return all.reduce((whole, one) => sql`${whole} and ${one}`);
}

/** Builds the conditions on times. All bounds are exclusive. */
function timeConditions(sql: Sql, filter: JobFilter): Fragment[] {
  const { createdAfter, createdBefore, finishedAfter, finishedBefore, failedAfter, failedBefore } = filter;
  const time = (text: string) => sql`${text}::text::timestamptz`;
  // A job is created before it ends, although the two times may come from machines whose clocks differ by up to a
  // minute. The redundant condition on `created_at` lets the query skip the newest rows.
  const endedBefore = (text: string) =>
    sql`finished_at < ${time(text)} and created_at < ${time(text)} + interval '1 minute'`;
  // Lists sort by status first, so that PostgreSQL uses an index on the status (see `pageSql`). With `=`, PostgreSQL
  // would treat the status as a constant and drop it from the sort order.
  const failed = sql`status = any('{FAILED}'::text[])`;
  return [
    ...(createdAfter ? [sql`created_at > ${time(createdAfter)}`] : []),
    ...(createdBefore ? [sql`created_at < ${time(createdBefore)}`] : []),
    ...(finishedAfter ? [sql`finished_at > ${time(finishedAfter)}`] : []),
    ...(finishedBefore ? [endedBefore(finishedBefore)] : []),
    ...(failedAfter ? [sql`${failed} and finished_at > ${time(failedAfter)}`] : []),
    ...(failedBefore ? [sql`${failed} and ${endedBefore(failedBefore)}`] : []),
  ];
}

/** Matches any of some values. A single value is compared with `=`, because only `=` preserves an index's order. */
export function anyOf(sql: Sql, column: Fragment, values: readonly string[]): Fragment {
  const [only] = values;
  return values.length === 1 && only !== undefined
    ? sql`${column} = ${only}`
    : sql`${column} = any(${textArray(values)}::text[])`;
}

const contains = (sql: Sql, field: string, value: unknown) =>
  sql`payload @> ${sql.json({ [field]: value } as never)}`;

function either(sql: Sql, fragments: readonly Fragment[]): Fragment {
  return fragments.reduce((whole, one) => sql`${whole} or ${one}`);
}
