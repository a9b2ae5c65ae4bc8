import { rankText } from "../contracts/job-type.ts";
import type { Sql } from "./postgres.ts";

/**
 * Returns the CTE `known (type, workers, rank)`: the job types that live workers run, with the number of workers and
 * the rank of the newest version (a number that orders versions). `leaseMs`, if set, excludes workers whose last
 * heartbeat is longer ago than that, even if they are not marked as lost yet.
 */
export function knownTypesSql(sql: Sql, leaseMs?: number) {
  const fresh =
    leaseMs === undefined
      ? sql``
      : sql`and w.heartbeat_at >= now() - ${leaseMs}::float8 * interval '1 millisecond'`;
  return sql`
    known as materialized (
      select t.key as type, count(*)::int as workers, max(t.value::int) as rank
      from workers w, jsonb_each_text(w.types) as t
      where w.state = 'alive' ${fresh}
      group by 1
    )`;
}

/** Explains why jobs of a type stay queued; undefined if workers can run them. */
export function withoutWorkerNote(
  workers: number,
  withoutWorker: number,
  wanted: number | null,
): string | undefined {
  if (withoutWorker === 0) return undefined;
  if (workers === 0 || wanted === null) return "no worker runs this type";
  return `no worker runs this type at version ${rankText(wanted)} or newer`;
}
