import type { JobFilter } from "../../contracts/filter-schema.ts";
import { jobConditions } from "../../shared/job-filter-sql.ts";
import { textArray } from "../../shared/postgres.ts";
import { type Position, positionBefore } from "./cursor.ts";
import type { Fragment, Sql } from "./job-database.ts";

export interface PageOptions {
  readonly filter: JobFilter;
  readonly after: Position | undefined;
  readonly count: number;
}

/** Orders every list newest first. */
export const newest = (sql: Sql, count: number) => sql`order by created_at desc, id desc limit ${count}`;

/** Returns conditions for rows that match a filter, apart from its text, and come after a position. */
export function matching(sql: Sql, { filter, after }: Pick<PageOptions, "filter" | "after">): Fragment {
  return sql`${jobConditions(sql, filter)} ${after ? positionBefore(sql, sql`created_at`, after) : sql``}`;
}

/**
 * Returns the newest `count` matching rows of `jobs`, as an item of a FROM list.
 *
 * PostgreSQL assumes that the jobs of each status are spread evenly over time. It would search for them from the newest
 * job backwards, past any number of waiting jobs, although an index by status and time exists. Ordering by status first
 * leaves PostgreSQL only that index or a sort. The status is compared with `= any`, because `=` would make it a
 * constant, which PostgreSQL drops from the order. Several statuses are read as one list each and merged.
 */
export function pageSql(sql: Sql, { filter, after, count }: PageOptions): Fragment {
  const lead = leadOf(sql, filter);
  if (!lead) return sql`(select * from jobs where ${matching(sql, { filter, after })} ${newest(sql, count)})`;
  const { column, values, array, rest } = lead;
  const others = matching(sql, { filter: rest, after });
  const lists = [...new Set(values)]
    .map(
      (value) => sql`(
        select * from jobs where ${column} = any(${textArray([value])}::${array}) and ${others}
        order by ${column}, created_at desc, id desc limit ${count})`,
    )
    .reduce((all, one) => sql`${all} union all ${one}`);
  return sql`(select * from (${lists}) as jobs ${newest(sql, count)})`;
}

/** The leading column of the index that a list reads, with the values to look up. */
interface Lead {
  /** The first column of an index whose next column is the creation time. */
  readonly column: Fragment;
  readonly values: readonly string[];
  readonly array: Fragment;
  /** The filter without its leading field. */
  readonly rest: JobFilter;
}

/**
 * Returns the most selective field of a filter that is the leading column of an index. The status is preferred to the
 * type, because jobs with the same status cluster in time: waiting jobs are the newest.
 */
function leadOf(sql: Sql, filter: JobFilter): Lead | undefined {
  const { fingerprint, errorCode, parentId, workerId, type, failedAfter, failedBefore } = filter;
  const status = filter.status ?? (failedAfter || failedBefore ? "FAILED" : undefined);
  const lead = (
    column: Fragment,
    values: string | readonly string[],
    rest: Partial<JobFilter>,
    array = sql`text[]`,
  ): Lead => ({ column, values: [values].flat(), array, rest: { ...filter, ...rest } });
  if (fingerprint) return lead(sql`(error->>'fingerprint')`, fingerprint, { fingerprint: undefined });
  if (errorCode) return lead(sql`(error->>'code')`, errorCode, { errorCode: undefined });
  if (parentId) return lead(sql`parent_id`, parentId, { parentId: undefined }, sql`uuid[]`);
  if (workerId) return lead(sql`worker_id`, workerId, { workerId: undefined });
  if (status) return lead(sql`status`, status, { status: undefined });
  if (type) return lead(sql`type`, type, { type: undefined });
  return undefined;
}
