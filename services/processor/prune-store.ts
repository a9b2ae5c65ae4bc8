import { type JobStatus, TERMINAL_STATUSES, WAITING_STATUSES } from "../../contracts/job.ts";
import { idBitsSql } from "../../shared/observations/id-sum.ts";
import { plainArray, type Sql } from "../../shared/postgres.ts";
import { SEALS_LOCK } from "../../shared/seals-lock.ts";

const LIVE: readonly JobStatus[] = ["PENDING", ...WAITING_STATUSES, "EXECUTING"];

export type PruneReason = "retention" | "purge";

/** A job's position when jobs are sorted by creation time and id. */
export interface Place {
  readonly createdAt: Date;
  readonly id: string;
}

/** Jobs of one status that are past their retention, and the last job's place. */
export interface Due {
  readonly ids: readonly string[];
  readonly last: Place | undefined;
}

/**
 * Creates the statements that delete ended jobs with everything that belongs to them. The statement that deletes rows
 * also adds them to the ledger's seals (its stored sums over past spans of time), which keeps the ledger balanced. A
 * job stays while
 *
 * - the job or one of its children has not ended,
 * - the ledger has not yet sealed the spans in which the job was created and ended, or
 * - the ledger accuses the job: it reports it as lost, unobserved or duplicated.
 */
export function createPruneStore(sql: Sql) {
  return {
    /** Returns jobs of a status that ended before `before`, in creation order, beginning after the place `after`. */
    async due(status: JobStatus, before: Date, after: Place | undefined, limit: number): Promise<Due> {
      const rows = await sql<Place[]>`
        select id, created_at as "createdAt" from jobs
        where status = ${status} and created_at < ${before} and finished_at < ${before}
          ${after ? sql`and (created_at, id) > (${after.createdAt}, ${after.id}::uuid)` : sql``}
        order by created_at, id limit ${limit}`;
      return { ids: rows.map(({ id }) => id), last: rows.at(-1) };
    },

    /** Returns the time up to which the ledger has sealed; null before its first seal. */
    async sealedUntil(): Promise<Date | null> {
      const [row] = await sql<{ until: Date | null }[]>`select max(until) as until from ledger_seals`;
      return row?.until ?? null;
    },

    /** Deletes the given jobs, except jobs that must stay, in one transaction. Returns how many it deleted. */
    async prune(ids: readonly string[], reason: PruneReason): Promise<number> {
      return sql.begin(async (transaction) => pruneIn(transaction as unknown as Sql, ids, reason));
    },

    /**
     * Deletes at most `limit` dead-lettered messages that were replayed or dropped before `before`, or before
     * `standingBefore` if the message's job has no row. Returns how many it deleted.
     */
    async pruneLetters(before: Date, standingBefore: Date, limit: number): Promise<number> {
      // If a message never became a row of `jobs`, only its dead letter accounts for its event in the ledger. Such a
      // dead letter stays longer, and its deletion is recorded in `pruned_jobs`.
      const [row] = await sql<{ count: number }[]>`
        with handled as (
          select id, job_id is not null and not exists (
              select from jobs where jobs.id = d.job_id and jobs.created_event_id = d.event_id) as stands
          from dead_letters d
          where (replayed_at is not null or dropped_at is not null) and greatest(replayed_at, dropped_at) < ${before}
            and kind = 'message' and (greatest(replayed_at, dropped_at) < ${standingBefore}
              or job_id is null
              or exists (select from jobs where jobs.id = d.job_id and jobs.created_event_id = d.event_id))
          limit ${limit}
        ), gone as (
          delete from dead_letters d using handled h where d.id = h.id returning d.job_id, h.stands
        ), noted as (
          insert into pruned_jobs (id, status, reason)
          select distinct job_id, 'REJECTED', 'retention' from gone where stands
          on conflict (id) do nothing
        )
        select count(*)::int as count from gone`;
      return row?.count ?? 0;
    },

    /**
     * Deletes records of pruned jobs that are older than `before` or not among the newest `kept`, at most `limit` at a
     * time.
     */
    async forgetPruned(before: Date, kept: number, limit: number): Promise<number> {
      const { count } = await sql`
        delete from pruned_jobs where id in (
          select id from pruned_jobs
          where pruned_at < ${before}
            or pruned_at < (select pruned_at from pruned_jobs order by pruned_at desc offset ${kept} limit 1)
          order by pruned_at limit ${limit})`;
      return count;
    },

    /** Returns when and why a job was pruned; undefined if there is no record of it. */
    async pruned(id: string): Promise<{ prunedAt: Date; reason: PruneReason } | undefined> {
      const [row] = await sql<{ prunedAt: Date; reason: PruneReason }[]>`
        select pruned_at as "prunedAt", reason from pruned_jobs where id = ${id}`;
      return row;
    },

    /** Records, for `GET /retention`, how long a rule keeps rows, how many it pruned and why it is waiting. */
    async note(rule: string, keepHours: number, pruned: number, waiting: string | null): Promise<void> {
      await sql`
        insert into retention (rule, keep_hours, pruned, waiting) values (${rule}, ${keepHours}, ${pruned}, ${waiting})
        on conflict (rule) do update set keep_hours = excluded.keep_hours, waiting = excluded.waiting,
          pruned = retention.pruned + excluded.pruned, looked_at = now()`;
    },
  };
}
export type PruneStore = ReturnType<typeof createPruneStore>;

/** Deletes the given jobs, except jobs that must stay, within the caller's transaction. */
export async function pruneIn(tx: Sql, ids: readonly string[], reason: PruneReason): Promise<number> {
  if (ids.length === 0) return 0;
  await tx`set local observatory.pruning = 'on'`;
  await tx`select pg_advisory_xact_lock(${SEALS_LOCK})`;
  const terminal = tx.unsafe(TERMINAL_STATUSES.map((status) => `'${status}'`).join(", "));
  const sealOf = (at: string) =>
    tx`(select from_at from ledger_seals where from_at <= ${tx.unsafe(at)} order by from_at desc limit 1)`;
  const net = (status: string) =>
    tx`(count(*) filter (where to_status = ${status}) - count(*) filter (where from_status = ${status}))`;
  const [row] = await tx<{ count: number }[]>`
    with head as (
      select coalesce(max(until), to_timestamp(0)) as until from ledger_seals
    ), doomed as (
      select j.id, j.status, j.created_at, j.created_event_id, j.finished_at, j.ended_event_id, j.implied
      from jobs j, head
      where j.id = any(${plainArray(ids)}::uuid[]) and j.status in (${terminal})
        and j.created_at < head.until and j.finished_at < head.until
        and not exists (select from jobs child where child.parent_id = j.id
          and child.status = any(${plainArray(LIVE)}::text[]))
        and not exists (select from ledger_accusations a where a.job_id = j.id)
      for update of j skip locked
    ), moves as (
      delete from explicit_transitions t using doomed where t.job_id = doomed.id
      returning t.at, t.event_id, t.from_status, t.to_status
    ), left_behind as (
      select at, event_id, from_status, to_status from moves
      union all
      select finished_at, ended_event_id, 'EXECUTING', 'COMPLETED' from doomed where implied & 8 <> 0
    ), attempts as (
      delete from explicit_attempts a using doomed where a.job_id = doomed.id
    ), letters as (
      delete from dead_letters l using doomed
      where l.job_id = doomed.id and (l.kind = 'job' or l.event_id = doomed.created_event_id)
    ), gone as (
      delete from jobs j using doomed where j.id = doomed.id
    ), noted as (
      insert into pruned_jobs (id, status, reason, created_event_id)
      select id, status, ${reason}, created_event_id from doomed
      on conflict (id) do update set status = excluded.status, reason = excluded.reason, pruned_at = now(),
        created_event_id = excluded.created_event_id
    ), rows as (
      select ${sealOf("doomed.created_at")} as from_at, count(*) as count,
        bit_xor(${idBitsSql(tx, "created_event_id")}) as bits
      from doomed group by 1
    ), ends as (
      select ${sealOf("left_behind.at")} as from_at, count(*) filter (where to_status in (${terminal})) as count,
        coalesce(bit_xor(${idBitsSql(tx, "event_id")}) filter (where to_status in (${terminal})), 0) as bits,
        ${net("COMPLETED")} as completed, ${net("FAILED")} as failed,
        ${net("CANCELLED")} as cancelled, ${net("REJECTED")} as rejected
      from left_behind where to_status in (${terminal}) or from_status in (${terminal}) group by 1
    ), carried as (
      update ledger_seals s set
        pruned_rows = pruned_rows + coalesce(r.count, 0), pruned_check = pruned_check # coalesce(r.bits, 0),
        pruned_ends = pruned_ends + coalesce(e.count, 0), pruned_ends_check = pruned_ends_check # coalesce(e.bits, 0),
        pruned_completed = pruned_completed + coalesce(e.completed, 0),
        pruned_failed = pruned_failed + coalesce(e.failed, 0),
        pruned_cancelled = pruned_cancelled + coalesce(e.cancelled, 0),
        pruned_rejected = pruned_rejected + coalesce(e.rejected, 0)
      from rows r full join ends e using (from_at)
      where s.from_at = coalesce(r.from_at, e.from_at)
    )
    select count(*)::int as count from doomed`;
  return row?.count ?? 0;
}
