import type { QueueState } from "../contracts/api-queries.ts";
import { knownTypesSql, withoutWorkerNote } from "./known-types.ts";
import { cancelledBy, type Sql } from "./postgres.ts";

interface QueueRow extends Omit<QueueState, "note"> {
  readonly wanted: number | null;
}

/**
 * Reads the queue state of each type that is paused or has jobs. It uses the counts in `job_counts`, which have one row
 * per group (type, status, version, priority and whether due) however many jobs wait. The oldest due job of each type,
 * version and priority is found by one lookup in the claim index. With `leaseMs`, workers whose newest heartbeat is older
 * do not count, even if they are not marked as lost yet.
 */
export async function readQueueStates(
  sql: Sql,
  { leaseMs, signal }: { leaseMs?: number; signal?: AbortSignal } = {},
): Promise<QueueState[]> {
  const rows = await cancelledBy(
    signal,
    sql<QueueRow[]>`
    with ${knownTypesSql(sql, leaseMs)},
    counts as materialized (
      select type, status, version, priority, due, jobs, status in ('VALIDATED', 'SCHEDULED', 'RETRYING') as waits
      from job_counts where status <> 'OPEN_LETTER' and jobs > 0
    ),
    heads as (
      select g.type, (
        select j.run_at from jobs j
        where j.due and j.status in ('VALIDATED', 'SCHEDULED', 'RETRYING')
          and j.type = g.type and coalesce(j.type_version, 0) = g.version and j.priority = g.priority
        order by j.run_at limit 1
      ) as run_at
      from (select distinct type, version, priority from counts where waits and due) g
    ),
    oldest as (select type, min(run_at) as run_at from heads group by 1)
    select type,
      coalesce(sum(c.jobs) filter (where c.waits and c.due), 0)::float8 as waiting,
      coalesce(sum(c.jobs) filter (where c.waits and not c.due), 0)::float8 as scheduled,
      coalesce(sum(c.jobs) filter (where c.status = 'EXECUTING'), 0)::float8 as executing,
      bool_or(p.type is not null) as paused,
      case when min(o.run_at) is not null
        then (extract(epoch from now() - least(min(o.run_at), now())) * 1000)::float8 end as "oldestWaitingMs",
      coalesce(max(k.workers), 0) as workers,
      coalesce(sum(c.jobs) filter (where c.waits and c.version > coalesce(k.rank, -1)), 0)::float8 as "withoutWorker",
      nullif(max(c.version) filter (where c.waits and c.version > coalesce(k.rank, -1)), 0) as wanted
    from counts c
    full join paused_types p using (type)
    left join known k using (type)
    left join oldest o using (type)
    group by type order by type`,
  );
  return rows.map(({ wanted, ...queue }) => {
    const note = withoutWorkerNote(queue.workers ?? 0, queue.withoutWorker ?? 0, wanted);
    return { ...queue, ...(note && { note }) };
  });
}

/** Counts dead letters that are neither replayed nor dropped, and messages that wait to be published. */
export async function readBacklog(
  sql: Sql,
  signal?: AbortSignal,
): Promise<{ deadLetters: number; outbox: number }> {
  const [row] = await cancelledBy(
    signal,
    sql<{ deadLetters: number; outbox: number }[]>`
    select coalesce((select sum(jobs) from job_counts where status = 'OPEN_LETTER'), 0)::float8 as "deadLetters",
      (select count(*)::int from outbox) as outbox`,
  );
  return row ?? { deadLetters: 0, outbox: 0 };
}
