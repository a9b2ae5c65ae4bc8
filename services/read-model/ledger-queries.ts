import { type JobStatus, TERMINAL_STATUSES } from "../../contracts/job.ts";
import { checkOf, type IdSum, idBitsSql } from "../../shared/observations/id-sum.ts";
import type { CreatedEvent, EventSpan } from "../../shared/observations/port.ts";
import { plainArray } from "../../shared/postgres.ts";
import { unnestSql } from "../../shared/unnest-sql.ts";
import type { JobDatabase, Sql } from "./job-database.ts";
import type { Live } from "./ledger-waiting.ts";
import { HOLD_MS, type Progress } from "./ledger-watermark.ts";

export interface StoreProgress extends Omit<Progress, "now" | "snapshot" | "lastEventAt"> {
  /** The current time by PostgreSQL's clock. */
  readonly storeNow: number;
  /** When the oldest writing transaction began; its rows are not visible yet. */
  readonly oldestWriterAt: number | null;
}

/**
 * Maximum number of workers with unfinished jobs that are read, oldest heartbeat first. The ledger names those of them
 * that have stopped sending heartbeats.
 */
const MAX_HOLDERS = 20;

export interface LedgerRow {
  readonly jobId: string;
  readonly eventId: string;
}

export type Ended = (typeof TERMINAL_STATUSES)[number];

/** The job store's sums over a span, including pruned jobs. An "end" is a transition into a terminal status. */
export interface StoreSums {
  readonly rows: IdSum;
  readonly ends: IdSum;
  /** For each terminal status, the number of transitions into it, minus the number of transitions out of it. */
  readonly net: Readonly<Record<Ended, number>>;
  /** How many of the rows and ends were pruned. */
  readonly pruned: { readonly rows: number; readonly ends: number };
}

/** How the job store accounts for a stored `job.created`; null when it does not. */
export type CreatedFate = JobStatus | "deadLettered" | "pruned" | null;
export interface OutcomeFate {
  readonly pruned: boolean;
  readonly job: boolean;
  readonly move: boolean;
}

/**
 * An end that contradicts the job's row or another end of the same run. If `second` is true, the run already had an
 * end, so this end is not counted.
 */
export interface Contradiction {
  readonly jobId: string;
  readonly status: Ended;
  readonly second: boolean;
}

const TERMINAL_LIST = TERMINAL_STATUSES.map((status) => `'${status}'`).join(", ");

/** Must match the condition of the index `job_transitions_ends` word for word, or the planner will not use it. */
const ENDS = `(to_status in (${TERMINAL_LIST}) or from_status in (${TERMINAL_LIST}))`;

/** Creates the queries for the job store's side of the ledger. Each may reject as {@link JobDatabase.read} does. */
export function createLedgerQueries(store: JobDatabase) {
  const ended = [...TERMINAL_STATUSES];
  return {
    async progress(): Promise<StoreProgress> {
      const [row] = await store.read(
        (sql) => sql<
          (Record<"job" | "transition" | "dead" | "outbox" | "heartbeat" | "writer", Date | null> & {
            worker: string | null;
            now: Date;
          })[]
        >`
          select clock_timestamp() as now, newest.created_at as job,
            greatest(newest.updated_at,
              (select at from explicit_transitions
                where ${sql.unsafe(ENDS)} and at < now() + interval '10 minutes' order by at desc limit 1),
              (select finished_at from jobs
                where finished_at < now() + interval '10 minutes' order by finished_at desc limit 1),
              (select max(started_at) from jobs
                where status = 'EXECUTING' and started_at < now() + interval '10 minutes')) as transition,
            (select min(xact_start) from pg_stat_activity
              where datname = current_database() and backend_xid is not null) as writer,
            (select died_at from dead_letters order by died_at desc, id desc limit 1) as dead,
            (select min(created_at) from outbox) as outbox,
            quiet.id as worker, quiet.heartbeat_at as heartbeat
          from (select) as one
          left join lateral (
            select created_at, updated_at from jobs
            where created_at < now() + interval '10 minutes' order by created_at desc, id desc limit 1
          ) as newest on true
          left join lateral (
            select id, heartbeat_at from workers
            where state <> 'stopped' and heartbeat_at > now() - ${HOLD_MS}::float8 * interval '1 millisecond'
            order by heartbeat_at limit 1
          ) as quiet on true`,
      );
      const time = (at: Date | null | undefined) => at?.getTime() ?? null;
      return {
        storeNow: time(row?.now) ?? 0,
        oldestWriterAt: time(row?.writer),
        newestJobAt: time(row?.job),
        newestTransitionAt: time(row?.transition),
        newestDeadLetterAt: time(row?.dead),
        oldestOutboxAt: time(row?.outbox),
        quietestWorker:
          row?.worker && row.heartbeat ? { id: row.worker, heartbeatAt: row.heartbeat.getTime() } : null,
      };
    },

    /**
     * Counts the waiting jobs, the executing jobs, and the executing jobs by worker. Partial indexes avoid reading
     * ended jobs.
     */
    async live(): Promise<Live> {
      const [[row], holders] = await store.read((sql) =>
        Promise.all([
          sql<{ waiting: number; executing: number }[]>`
            select
              (select coalesce(sum(jobs), 0)::float8 from job_counts
                where status in ('VALIDATED', 'SCHEDULED', 'RETRYING')) as waiting,
              (select count(*)::int from jobs where status = 'EXECUTING') as executing`,
          sql<{ id: string; jobs: number; heartbeatAt: Date | null }[]>`
            select held.id, held.jobs, workers.heartbeat_at as "heartbeatAt"
            from (
              select worker_id as id, count(*)::int as jobs from jobs where status = 'EXECUTING' group by worker_id
            ) as held
            left join workers using (id)
            order by workers.heartbeat_at nulls first limit ${MAX_HOLDERS}`,
        ]),
      );
      return { waiting: row?.waiting ?? 0, executing: row?.executing ?? 0, holders };
    },

    /** Counts dead letters that were neither replayed nor dropped, as `/queues` and `/overview` do. */
    async openDeadLetters(): Promise<number> {
      const [row] = await store.read(
        (sql) => sql<{ count: number }[]>`
        select coalesce(sum(jobs), 0)::float8 as count from job_counts where status = 'OPEN_LETTER'`,
      );
      return row?.count ?? 0;
    },

    /** Returns at most `limit` jobs that have no row, only a dead letter that was not dropped. */
    async onlyDeadLetters(limit: number): Promise<string[]> {
      const rows = await store.read(
        (sql) => sql<{ job_id: string }[]>`
          select distinct job_id from dead_letters d
          where kind = 'message' and queue = 'jobs.created' and job_id is not null and dropped_at is null
            and not exists (select from jobs where id = d.job_id)
            and not exists (select from pruned_jobs where id = d.job_id)
          limit ${limit}`,
      );
      return rows.map(({ job_id }) => job_id);
    },

    /**
     * Returns how the store accounts for each `job.created` event, in the given order; null where it does not. A row
     * that another event created does not account for the event.
     */
    async fates(created: readonly CreatedEvent[]): Promise<CreatedFate[]> {
      const rows = await store.read(
        (sql) => sql<{ fate: CreatedFate }[]>`
          select coalesce(jobs.status,
              case when exists (select from dead_letters where event_id = given.event_id) then 'deadLettered'
                when exists (select from pruned_jobs where id = given.job_id) then 'pruned' end) as fate
          from ${given(sql, created)}
          left join jobs on jobs.id = given.job_id and jobs.created_event_id = given.event_id
          order by given.place`,
      );
      return rows.map(({ fate }) => fate);
    },

    /**
     * Returns for each terminal event, in the given order, whether its job was pruned and whether the store has the job
     * and the transition.
     */
    async outcomes(events: readonly CreatedEvent[]): Promise<OutcomeFate[]> {
      return await store.read(
        (sql) => sql<OutcomeFate[]>`
          select
            exists (select from pruned_jobs where id = given.job_id) as pruned,
            exists (select from jobs where id = given.job_id)
              or exists (select from dead_letters where job_id = given.job_id) as job,
            exists (select from job_transitions
              where job_id = given.job_id and event_id = given.event_id) as move
          from ${given(sql, events)}
          order by given.place`,
      );
    },

    /**
     * Returns the latest time up to which a span has at most `limit` rows and `limit` ends; null if the whole span has
     * no more than that.
     */
    async spanEnd({ from, before }: EventSpan, limit: number): Promise<Date | null> {
      const [row] = await store.read(
        (sql) => sql<{ until: Date | null }[]>`
          select least(
            (select created_at from jobs where created_at >= ${from} and created_at < ${before}
              order by created_at offset ${limit} limit 1),
            (select at from (
                (select at from explicit_transitions where ${sql.unsafe(ENDS)} and at >= ${from} and at < ${before}
                  order by at limit ${limit + 1})
                union all
                (select finished_at from jobs
                  where implied & 8 <> 0 and finished_at >= ${from} and finished_at < ${before}
                  order by finished_at limit ${limit + 1})
              ) as ends order by at offset ${limit} limit 1)) as until`,
      );
      return row?.until ?? null;
    },

    /** Sums up a span's rows and ends, including pruned ones, in one snapshot. */
    async sums({ from, before }: EventSpan): Promise<StoreSums> {
      const [row] = await store.read((sql) => {
        const terminal = sql.unsafe(`to_status in (${TERMINAL_LIST})`);
        const net = (status: Ended) =>
          sql`(count(*) filter (where to_status = ${status}) - count(*) filter (where from_status = ${status}))::int`;
        return sql<SumsRow[]>`
          select rows.count + gone.rows as "rowCount", (rows.bits # gone.row_bits)::text as "rowBits",
            ends.count + gone.ends as "endCount", (ends.bits # gone.end_bits)::text as "endBits",
            ends.completed + gone.completed as "COMPLETED", ends.failed + gone.failed as "FAILED",
            ends.cancelled + gone.cancelled as "CANCELLED", ends.rejected + gone.rejected as "REJECTED",
            gone.rows as "prunedRows", gone.ends as "prunedEnds"
          from (
            select count(*)::int as count, coalesce(bit_xor(${idBitsSql(sql, "created_event_id")}), 0) as bits
            from jobs where created_at >= ${from} and created_at < ${before}
          ) as rows, (
            select (count(*) filter (where ${terminal}))::int as count,
              coalesce(bit_xor(${idBitsSql(sql, "event_id")}) filter (where ${terminal}), 0) as bits,
              ${net("COMPLETED")} as completed, ${net("FAILED")} as failed,
              ${net("CANCELLED")} as cancelled, ${net("REJECTED")} as rejected
            from job_transitions where ${sql.unsafe(ENDS)} and at >= ${from} and at < ${before}
          ) as ends, (
            select coalesce(sum(pruned_rows), 0)::int as rows, coalesce(bit_xor(pruned_check), 0) as row_bits,
              coalesce(sum(pruned_ends), 0)::int as ends, coalesce(bit_xor(pruned_ends_check), 0) as end_bits,
              coalesce(sum(pruned_completed), 0)::int as completed, coalesce(sum(pruned_failed), 0)::int as failed,
              coalesce(sum(pruned_cancelled), 0)::int as cancelled, coalesce(sum(pruned_rejected), 0)::int as rejected
            from ledger_seals where from_at >= ${from} and until <= ${before}
          ) as gone`;
      });
      if (!row) throw new Error("The sums query returned no row");
      return {
        rows: { count: row.rowCount, check: checkOf(row.rowBits) },
        ends: { count: row.endCount, check: checkOf(row.endBits) },
        net: row,
        pruned: { rows: row.prunedRows, ends: row.prunedEnds },
      };
    },

    /** Returns a span's rows with the ids of their `job.created` events. */
    async rows({ from, before }: EventSpan): Promise<LedgerRow[]> {
      return await store.read(
        (sql) => sql<LedgerRow[]>`
          select id as "jobId", created_event_id as "eventId" from jobs
          where created_at >= ${from} and created_at < ${before}`,
      );
    },

    /** Returns a span's ends with the ids of their events. */
    async ends({ from, before }: EventSpan): Promise<LedgerRow[]> {
      return await store.read(
        (sql) => sql<LedgerRow[]>`
          select job_id as "jobId", event_id as "eventId" from job_transitions
          where ${sql.unsafe(ENDS)} and to_status = any(${plainArray(ended)}::text[])
            and at >= ${from} and at < ${before}`,
      );
    },

    /** Returns at most `limit` ends of a span that another end of the same run or the job's row contradicts. */
    async contradictions({ from, before }: EventSpan, limit: number): Promise<Contradiction[]> {
      return await store.read((sql) => {
        const other = sql`
          select from job_transitions other
          where other.job_id = moved.job_id and other.run = moved.run
            and other.to_status = any(${plainArray(ended)}::text[])`;
        return sql<Contradiction[]>`
          select job_id as "jobId", to_status as status,
            exists (${other} and other.sequence < moved.sequence) as second
          from job_transitions moved
          where ${sql.unsafe(ENDS)} and to_status = any(${plainArray(ended)}::text[])
            and at >= ${from} and at < ${before}
            and (exists (${other} and other.sequence <> moved.sequence)
              or exists (select from jobs
                where id = moved.job_id and jobs.sequence = moved.sequence and status <> moved.to_status))
          limit ${limit}`;
      });
    },
  };
}
export type LedgerQueries = ReturnType<typeof createLedgerQueries>;

type SumsRow = Record<"rowCount" | "endCount" | "prunedRows" | "prunedEnds" | Ended, number> &
  Record<"rowBits" | "endBits", string>;

const given = (sql: Sql, events: readonly CreatedEvent[]) =>
  unnestSql(
    sql,
    "given",
    {
      event_id: ["uuid", events.map(({ eventId }) => eventId)],
      job_id: ["uuid", events.map(({ jobId }) => jobId)],
    },
    "place",
  );
