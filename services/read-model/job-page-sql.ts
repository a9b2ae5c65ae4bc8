import type { JobFilter } from "../../contracts/filter-schema.ts";
import { JOB_STATUSES, type JobStatus } from "../../contracts/job.ts";
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

/** Returns the conditions for rows that match a filter (except its text) and come after a position. */
export function matching(sql: Sql, { filter, after }: Pick<PageOptions, "filter" | "after">): Fragment {
  return sql`${jobConditions(sql, filter)} ${after ? positionBefore(sql, sql`created_at`, after) : sql``}`;
}

/**
 * Returns the newest `count` matching rows of `jobs`, as an item of a FROM list.
 *
 * PostgreSQL assumes that the jobs of each status or type are spread evenly over time. It would therefore search
 * backwards from the newest job, past any number of other jobs, although an index on status or type and then time
 * exists. The query therefore orders by status or type first, which leaves PostgreSQL only that index or a sort. That
 * column is compared with `= any`, because `=` would make it a constant, which PostgreSQL drops from the sort order.
 * With several values, one list is read for each, and the lists are merged. They are read in a lateral join, so that
 * their query is planned only once.
 */
export function pageSql(sql: Sql, { filter, after, count }: PageOptions): Fragment {
  const lead = leadOf(sql, filter);
  if (!lead) return sql`(select * from jobs where ${matching(sql, { filter, after })} ${newest(sql, count)})`;
  const { column, values, array, statuses, rest } = lead;
  return sql`(
    select jobs.*
    from unnest(${textArray(values)}::${array}) as lead (value)
      ${statuses ? sql`cross join unnest(${textArray(statuses)}::text[]) as second (status)` : sql``}
      cross join lateral (
        select * from jobs
        where ${column} = any(array[lead.value]) ${statuses ? sql`and jobs.status = second.status` : sql``}
          and ${matching(sql, { filter: rest, after })}
        order by ${column}, created_at desc, id desc limit ${count}
      ) as jobs
    ${newest(sql, count)})`;
}

/** The leading columns of the index that a page reads, with the values to look up. */
interface Lead {
  /** The first column of an index whose next column is the creation time, or the status and then the creation time. */
  readonly column: Fragment;
  readonly values: readonly string[];
  readonly array: Fragment;
  /** The values of the second column, if that is the status. */
  readonly statuses?: readonly JobStatus[];
  /** The filter without the fields that are looked up. */
  readonly rest: JobFilter;
}

/** Returns the leading columns of the most selective index that a filter has values for. */
function leadOf(sql: Sql, filter: JobFilter): Lead | undefined {
  const { fingerprint, errorCode, parentId, workerId, type, failedAfter, failedBefore } = filter;
  const status = filter.status ?? (failedAfter || failedBefore ? "FAILED" : undefined);
  const lead = (
    column: Fragment,
    values: string | readonly string[],
    rest: Partial<JobFilter>,
    array = sql`text[]`,
  ): Lead => ({ column, values: distinct(values), array, rest: { ...filter, ...rest } });
  if (fingerprint) return lead(sql`(error->>'fingerprint')`, fingerprint, { fingerprint: undefined });
  if (errorCode) return lead(sql`(error->>'code')`, errorCode, { errorCode: undefined });
  if (parentId) return lead(sql`parent_id`, parentId, { parentId: undefined }, sql`uuid[]`);
  if (workerId) return lead(sql`worker_id`, workerId, { workerId: undefined });
  if (type)
    return {
      ...lead(sql`type`, type, { type: undefined, status: undefined }),
      statuses: distinct(status ?? JOB_STATUSES),
    };
  if (status) return lead(sql`status`, status, { status: undefined });
  return undefined;
}

const distinct = <T extends string>(values: T | readonly T[]) => [...new Set([values].flat() as T[])];
