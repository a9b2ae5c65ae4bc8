import type { PendingQuery, Row } from "postgres";
import type { Sql } from "../../shared/postgres.ts";
import { claimedColumns } from "./job-columns-sql.ts";

type Fragment = PendingQuery<Row[]>;

/** The worker that claims, and the limits of its claim. */
export interface ClaimRequest {
  readonly workerId: string;
  /** JSON: the free slots of each limited type, by type name. Any other type has no limit of its own. */
  readonly typeSlots: string;
  /** JSON: the version and policy of each type that this processor knows, by type name. */
  readonly policies: string;
}

/**
 * Returns the CTEs that choose and lock due jobs, best first: by priority, then by `run_at`. They read no jobs that
 * cannot be claimed, so the number of such jobs does not matter.
 *
 * - `lanes`: one lane per type and version with waiting jobs, if the type is known, not paused and not at its limit.
 *   `hops` finds the versions by jumping through the index from one to the next.
 * - `best`: the best jobs of each lane, not locked yet. Ranking them across all lanes decides how many jobs each lane
 *   contributes.
 * - `taken`: each lane's share of jobs, locked. Jobs that another processor is claiming are skipped, and the next best
 *   jobs replace them.
 *
 * Each lane is read in the order of the index `jobs_claimable`, so no plan needs a sort, which would read the lane to
 * its end. `limit` is an SQL expression for the maximum number of jobs.
 */
export function claimCtes(
  sql: Sql,
  { workerId, typeSlots, policies }: ClaimRequest,
  limit: Fragment,
): Fragment {
  const waiting = sql`due and status in ('VALIDATED', 'SCHEDULED', 'RETRYING')`;
  const inLane = sql`${waiting} and type = lane.type and coalesce(type_version, 0) = lane.version and run_at <= now()`;
  return sql`
    known as materialized (select ${policies}::text::jsonb as types, ${typeSlots}::text::jsonb as type_slots),
    types as materialized (
      select key as type, (value->>'version')::int as newest,
        least(${limit}, ((select type_slots from known)->>key)::int) as slots
      from jsonb_each((select types from known))
      where key not in (select type from paused_types)
        and coalesce(((select type_slots from known)->>key)::int, 1) > 0
        and exists (select from workers where id = ${workerId} and state in ('alive', 'stopping'))
    ),
    hops as (
      select type, newest, slots, -1 as version from types
      union all
      select type, newest, slots, (
        select coalesce(j.type_version, 0) from jobs j
        where j.due and j.status in ('VALIDATED', 'SCHEDULED', 'RETRYING')
          and j.type = hop.type and coalesce(j.type_version, 0) > hop.version
        order by coalesce(j.type_version, 0) limit 1
      )
      from hops hop where hop.version < hop.newest
    ),
    lanes as materialized (select type, version, slots from hops where version between 0 and newest),
    best as (
      select lane.type, lane.version, lane.slots, j.priority, j.run_at
      from lanes lane cross join lateral (
        select priority, run_at from jobs where ${inLane} order by priority desc, run_at limit lane.slots
      ) j
    ),
    ranked as (
      select type, version, priority, run_at, slots,
        row_number() over (partition by type order by priority desc, run_at) as place
      from best
    ),
    quotas as materialized (
      select type, version, count(*) as jobs
      from (select * from ranked where place <= slots order by priority desc, run_at limit (${limit})) top
      group by type, version
    ),
    taken as materialized (
      select j.* from quotas lane cross join lateral (
        select ctid, id, status from jobs where ${inLane}
        order by priority desc, run_at limit lane.jobs for update skip locked
      ) j
    ),
    was as materialized (select jsonb_object_agg(id, status) as statuses from taken)`;
}

/**
 * Returns the update of the jobs that {@link claimCtes} took. It finds them by ctid, because the plan of a join would
 * remain optimized for the size that the table had when the statement was planned.
 */
export function claimUpdate(sql: Sql, workerId: string): Fragment {
  return sql`
    update jobs j
    set status = 'EXECUTING', sequence = j.sequence + 1, attempt = j.attempt + 1, worker_id = ${workerId},
        started_at = greatest(now(), j.updated_at), updated_at = greatest(now(), j.updated_at),
        finished_at = null, progress = null, queue_wait_ms = extract(epoch from now() - j.run_at) * 1000,
        max_attempts = coalesce(j.max_attempts, ((select types from known)->j.type->'maxAttempts')::int),
        base_ms = coalesce(j.base_ms, ((select types from known)->j.type->'baseMs')::int),
        cap_ms = coalesce(j.cap_ms, ((select types from known)->j.type->'capMs')::int),
        deadline_ms = coalesce(j.deadline_ms, ((select types from known)->j.type->'deadlineMs')::int),
        implied = case when j.sequence = 1 and j.implied & 1 <> 0 then j.implied | 4 else j.implied end
    where j.ctid = any(array(select ctid from taken))
    returning ${claimedColumns(sql)}, j.implied & 4 <> 0 as implied, (select statuses from was)->>j.id::text as was`;
}

/**
 * Discourages plans that sort, in this transaction. With the statistics of an empty table, all plans look equally
 * cheap, but a plan that sorts reads every job of a type, even finished jobs. In index order, a claim reads only the
 * jobs it takes.
 */
export const neverSort = (tx: Sql): Fragment => tx`set local enable_sort = off`;

/** Returns the statement that claims at most `limit` due jobs. */
export function claimSql(sql: Sql, request: ClaimRequest, limit: number): Fragment {
  return sql`
    with recursive ${claimCtes(sql, request, sql`${limit}::int`)}
    ${claimUpdate(sql, request.workerId)}`;
}
