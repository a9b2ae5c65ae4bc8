import { rankText } from "../contracts/job-type.ts";
import type { Sql } from "./postgres.ts";

/**
 * A CTE `known (type, workers, rank)`: the job types that live workers run, how many do, and the newest version's rank.
 * `leaseMs` leaves out a worker whose heartbeat is older, which may not be marked as lost yet.
 */
export function knownTypesSql(sql: Sql, leaseMs?: number) {
  return sql`
    known as materialized (
      select t.key as type, count(*)::int as workers, max(t.value::int) as rank
      from workers w, jsonb_each_text(w.types) as t
      where w.state = 'alive'
        ${leaseMs === undefined ? sql`` : sql`and w.heartbeat_at >= now() - ${leaseMs}::float8 * interval '1 millisecond'`}
      group by 1
    )`;
}

/** Columns over rows `j` of unfinished jobs beside `known k`: jobs that wait in vain, and the version they want. */
export function withoutWorkerSql(sql: Sql) {
  const inVain = sql`j.status <> 'EXECUTING' and coalesce(k.rank, -1) < coalesce(j.type_version, 0)`;
  return sql`
    count(*) filter (where ${inVain})::int as "withoutWorker",
    max(j.type_version) filter (where ${inVain}) as wanted`;
}

/** Why jobs of a type stay where they are; undefined when workers take them. */
export function withoutWorkerNote(
  workers: number,
  withoutWorker: number,
  wanted: number | null,
): string | undefined {
  if (withoutWorker === 0) return undefined;
  if (workers === 0 || wanted === null) return "no worker runs this type";
  return `no worker runs this type at version ${rankText(wanted)} or newer`;
}
