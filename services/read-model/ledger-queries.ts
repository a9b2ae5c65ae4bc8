import { type JobStatus, TERMINAL_STATUSES } from "../../contracts/job.ts";
import type { CreatedEvent } from "../../shared/observations/port.ts";
import { plainArray } from "../../shared/postgres.ts";
import type { Position } from "./cursor.ts";
import type { JobStore } from "./job-store.ts";
import type { Live } from "./ledger-waiting.ts";
import { HOLD_MS, type Progress } from "./ledger-watermark.ts";

/** Silent workers that a ledger names. */
const MAX_HOLDERS = 20;

/** The time in which the ledger looks at rows: [from, before). */
export interface Span {
  readonly from: Date;
  readonly before: Date;
}

export interface LedgerJob extends Position {
  readonly createdEventId: string;
}

export interface TerminalTransition {
  readonly jobId: string;
  readonly eventId: string;
}

/** What the store knows of a stored event. `inSpan`: its row, or its transition, is one that the span holds. */
export interface CreatedFate {
  readonly fate: JobStatus | "deadLettered" | null;
  readonly inSpan: boolean;
}
export interface OutcomeFate {
  readonly job: boolean;
  readonly move: boolean;
  readonly inSpan: boolean;
}

/** The job store's side of the ledger, a chunk at a time. Everything rejects as {@link JobStore.read} does. */
export function createLedgerQueries(store: JobStore) {
  const ended = [...TERMINAL_STATUSES];
  return {
    async progress(): Promise<Omit<Progress, "now" | "snapshot" | "lastEventAt">> {
      const [row] = await store.read(
        (sql) => sql<
          (Record<"job" | "transition" | "dead" | "outbox" | "heartbeat", Date | null> & {
            worker: string | null;
          })[]
        >`
          select
            (select created_at from jobs order by created_at desc, id desc limit 1) as job,
            (select max(at) from job_transitions) as transition,
            (select died_at from dead_letters order by died_at desc, id desc limit 1) as dead,
            (select min(created_at) from outbox) as outbox,
            quiet.id as worker, quiet.heartbeat_at as heartbeat
          from (select) as one
          left join lateral (
            select id, heartbeat_at from workers
            where state <> 'stopped' and heartbeat_at > now() - ${HOLD_MS}::float8 * interval '1 millisecond'
            order by heartbeat_at limit 1
          ) as quiet on true`,
      );
      const time = (at: Date | null | undefined) => at?.getTime() ?? null;
      return {
        newestJobAt: time(row?.job),
        newestTransitionAt: time(row?.transition),
        newestDeadLetterAt: time(row?.dead),
        oldestOutboxAt: time(row?.outbox),
        quietestWorker:
          row?.worker && row.heartbeat ? { id: row.worker, heartbeatAt: row.heartbeat.getTime() } : null,
      };
    },

    /** What has not ended, by who holds it. Partial indexes bound it: what has ended is not read. */
    async live(): Promise<Live> {
      const [[row], holders] = await store.read((sql) =>
        Promise.all([
          sql<{ waiting: number; executing: number }[]>`
            select
              (select count(*)::int from jobs where status in ('VALIDATED', 'SCHEDULED', 'RETRYING')) as waiting,
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

    /** Dead letters that were neither replayed nor dropped: what `/queues` and `/overview` count too. */
    async openDeadLetters(): Promise<number> {
      const [row] = await store.read(
        (sql) => sql<{ count: number }[]>`
        select count(*)::int as count from dead_letters where replayed_at is null and dropped_at is null`,
      );
      return row?.count ?? 0;
    },

    /** Jobs without a row whose dead letter waits for a person; at most `limit`. */
    async onlyDeadLetters(limit: number): Promise<string[]> {
      const rows = await store.read(
        (sql) => sql<{ job_id: string }[]>`
          select distinct job_id from dead_letters d
          where kind = 'message' and queue = 'jobs.created' and job_id is not null and dropped_at is null
            and not exists (select from jobs where id = d.job_id)
          limit ${limit}`,
      );
      return rows.map(({ job_id }) => job_id);
    },

    /** What became of accepted jobs, in the order given: the status of the row, a dead letter, or null for nothing. */
    async fates(created: readonly CreatedEvent[], { from, before }: Span): Promise<CreatedFate[]> {
      return await store.read(
        (sql) => sql<CreatedFate[]>`
          select
            coalesce(jobs.status,
              case when exists (select from dead_letters where event_id = given.event_id) then 'deadLettered' end) as fate,
            coalesce(jobs.created_at >= ${from} and jobs.created_at < ${before}, false) as "inSpan"
          from unnest(${plainArray(created.map(({ eventId }) => eventId))}::uuid[], ${plainArray(created.map(({ jobId }) => jobId))}::uuid[])
            with ordinality as given (event_id, job_id, place)
          left join jobs on jobs.id = given.job_id and jobs.created_event_id = given.event_id
          order by given.place`,
      );
    },

    /** For each terminal event, in the order given: whether its job has a place in the store, and whether its move has. */
    async outcomes(events: readonly CreatedEvent[], { from, before }: Span): Promise<OutcomeFate[]> {
      return await store.read(
        (sql) => sql<OutcomeFate[]>`
          select
            jobs.id is not null
              or exists (select from dead_letters where job_id = given.job_id) as job,
            moved.event_id is not null as move,
            coalesce(moved.at < ${before} and jobs.created_at >= ${from} and jobs.created_at < ${before}, false) as "inSpan"
          from unnest(${plainArray(events.map(({ eventId }) => eventId))}::uuid[], ${plainArray(events.map(({ jobId }) => jobId))}::uuid[])
            with ordinality as given (event_id, job_id, place)
          left join jobs on jobs.id = given.job_id
          left join job_transitions moved on moved.job_id = given.job_id and moved.event_id = given.event_id
          order by given.place`,
      );
    },

    /** How many rows, and how many outcomes of rows, each bucket of the span holds. */
    async buckets({ from, before }: Span) {
      const counts = (rows: readonly { bucket: string; count: number }[]) =>
        new Map(rows.map(({ bucket, count }) => [bucket, count]));
      const rows = await store.read(
        (sql) => sql<{ bucket: string; count: number }[]>`
          select right(id::text, 3) as bucket, count(*)::int as count from jobs
          where created_at >= ${from} and created_at < ${before} group by 1`,
      );
      const outcomes = await store.read(
        (sql) => sql<{ bucket: string; count: number }[]>`
          select right(jobs.id::text, 3) as bucket, count(*)::int as count
          from job_transitions moved join jobs on jobs.id = moved.job_id
          where moved.to_status = any(${plainArray(ended)}::text[]) and moved.at < ${before}
            and jobs.created_at >= ${from} and jobs.created_at < ${before}
          group by 1`,
      );
      return { rows: counts(rows), outcomes: counts(outcomes) };
    },

    /** Rows of some buckets of the span, oldest first, after a position. */
    async jobs(
      { from, before }: Span,
      buckets: ReadonlySet<string>,
      after: Position | undefined,
      limit: number,
    ): Promise<LedgerJob[]> {
      const rows = await store.read(
        (sql) => sql<{ id: string; micros: string; created_event_id: string }[]>`
          select id, (extract(epoch from created_at) * 1000000)::bigint as micros, created_event_id
          from jobs where created_at >= ${from} and created_at < ${before} and right(id::text, 3) = any(${plainArray([...buckets])}::text[])
          ${
            after
              ? sql`and (created_at, id) > (timestamptz 'epoch' + ${after.micros}::bigint * interval '1 microsecond', ${after.id}::uuid)`
              : sql``
          }
          order by created_at, id limit ${limit}`,
      );
      return rows.map(({ id, micros, created_event_id }) => ({
        id,
        micros,
        createdEventId: created_event_id,
      }));
    },

    /** The outcomes that these jobs were given before a moment. */
    async outcomesOf(jobIds: readonly string[], before: Date): Promise<TerminalTransition[]> {
      return await store.read(
        (sql) => sql<TerminalTransition[]>`
          select job_id as "jobId", event_id as "eventId" from job_transitions
          where job_id = any(${plainArray([...jobIds])}::uuid[]) and to_status = any(${plainArray(ended)}::text[]) and at < ${before}`,
      );
    },

    /** Jobs that were given more than one outcome in one run. */
    async givenTwoOutcomes(limit: number): Promise<string[]> {
      const rows = await store.read(
        (sql) => sql<{ job_id: string }[]>`
          select job_id from job_transitions where to_status = any(${plainArray(ended)}::text[])
          group by job_id, run having count(*) > 1 limit ${limit}`,
      );
      return rows.map(({ job_id }) => job_id);
    },
  };
}
export type LedgerQueries = ReturnType<typeof createLedgerQueries>;
