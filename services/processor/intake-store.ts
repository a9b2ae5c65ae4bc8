import type { JobStatus } from "../../contracts/job.ts";
import { plainArray, rehearse, type Sql } from "../../shared/postgres.ts";
import { type Columns, unnestSql } from "../../shared/unnest-sql.ts";
import type { Step } from "./history.ts";
import { idsOf, type OutboxMessage, type WriteHistory } from "./history-sql.ts";
import { storableJson } from "./storable-json.ts";

/** The row of a newly created job, with the status that intake assigns. */
export interface NewJob {
  readonly id: string;
  readonly type: string;
  readonly status: JobStatus;
  readonly priority: number;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly idempotencyKey: string | null;
  readonly fingerprint: string;
  readonly correlationId: string;
  readonly createdEventId: string;
  readonly traceparent: string | null;
  readonly parentId: string | null;
  readonly originId: string | null;
  readonly originKind: string | null;
  readonly sequence: number;
  readonly attempt: number;
  /** The version of the job type that the producer named, as a number (see `versionRank`); null if it named none. */
  readonly typeVersion: number | null;
  /**
   * This and the next three fields are null if the request did not set them and this processor does not know the type;
   * the first claim then fills in the type's values.
   */
  readonly maxAttempts: number | null;
  readonly baseMs: number | null;
  readonly capMs: number | null;
  readonly deadlineMs: number | null;
  readonly runAt: Date;
  readonly createdAt: Date;
  readonly receivedAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly workerId: string | null;
  readonly queueWaitMs: number | null;
  readonly error: string | null;
  readonly steps: readonly Step[];
}

/** A job that has a row, or had one until it was deleted. A deleted job's fingerprint is null. */
export interface KnownJob {
  readonly id: string;
  readonly fingerprint: string | null;
  readonly createdEventId: string;
}

export function createIntakeStore(sql: Sql, write: WriteHistory) {
  return {
    /**
     * Inserts the new jobs, their history and the message that announces them in one statement. Returns the inserted
     * ids. A deleted job is not inserted again while there is a record of its deletion, because its events have already
     * been counted.
     *
     * A single snapshot decides whether an id is known: in that snapshot, a known id has either a row or a record of
     * its deletion. `on conflict` alone is not enough. It would wait for a deletion in progress, find no row and insert
     * the job again, because the statement's snapshot is too old to contain the record of the deletion. With
     * `offset 0`, the planner looks up each id separately.
     */
    async insert(
      jobs: readonly NewJob[],
    ): Promise<{ inserted: Set<string>; message: OutboxMessage | undefined }> {
      const steps = jobs.flatMap((job) => job.steps);
      const writing = write(steps);
      const [row] = await sql<{ done: string | null; sent: string | null }[]>`
        with done as (
          insert into jobs (id, type, status, priority, payload, metadata, idempotency_key, fingerprint,
            correlation_id, created_event_id, traceparent, parent_id, origin_id, origin_kind, sequence, attempt,
            max_attempts, base_ms, cap_ms, deadline_ms, run_at, created_at, received_at, updated_at, started_at,
            finished_at, worker_id, queue_wait_ms, error, type_version, due, implied)
          select i.id, i.type, i.status, i.priority, i.payload::jsonb, i.metadata::jsonb, i.idempotency_key,
            i.fingerprint, i.correlation_id, i.created_event_id, i.traceparent, i.parent_id, i.origin_id,
            i.origin_kind, i.sequence, i.attempt, i.max_attempts, i.base_ms, i.cap_ms, i.deadline_ms,
            case when i.status = 'SCHEDULED' then i.run_at
              else least(i.run_at, now() - (${jobs.length} - i.place) * interval '1 microsecond') end,
            i.created_at, i.received_at, i.received_at, i.started_at, i.finished_at, i.worker_id, i.queue_wait_ms,
            i.error::jsonb, i.type_version, i.status <> 'SCHEDULED' or i.run_at <= now(),
            case i.status when 'VALIDATED' then 3 when 'EXECUTING' then 7 else 1 end
          from ${unnestSql(sql, "i", columnsOf(jobs), "place")}
          where not exists (select from pruned_jobs p where p.id = i.id and p.created_event_id is not null)
            and not exists (select from jobs known where known.id = i.id offset 0)
          on conflict (id) do nothing
          returning id
        ),
        ${writing.sql(sql)}
        select (select string_agg(id::text, ',') from done) as done, (select id from sent) as sent`;
      const inserted = idsOf(row?.done);
      return {
        inserted,
        message: writing.message(
          row?.sent,
          steps.filter(({ jobId }) => inserted.has(jobId)),
        ),
      };
    },

    /** Tries to insert a job, then rolls back. Rejects if the store cannot insert jobs now. */
    async rehearse(job: NewJob): Promise<void> {
      await rehearse(sql, (tx) => createIntakeStore(tx, write).insert([job]));
    },

    async known(ids: readonly string[]): Promise<KnownJob[]> {
      return sql<KnownJob[]>`
        select id, null as fingerprint, created_event_id as "createdEventId" from pruned_jobs
        where id = any(${plainArray(ids)}::uuid[]) and created_event_id is not null
        union all
        select id, fingerprint, created_event_id from jobs where id = any(${plainArray(ids)}::uuid[])`;
    },

    /** Notifies other processors that jobs are waiting. One call per batch is enough. */
    async announce(): Promise<void> {
      await sql`select pg_notify('observatory_waiting', '')`;
    },
  };
}
export type IntakeStore = ReturnType<typeof createIntakeStore>;

const columnsOf = (jobs: readonly NewJob[]): Columns => ({
  id: ["uuid", jobs.map((j) => j.id)],
  type: ["text", jobs.map((j) => j.type)],
  status: ["word", jobs.map((j) => j.status)],
  priority: ["smallint", jobs.map((j) => j.priority)],
  payload: ["json", jobs.map((j) => storableJson(JSON.stringify(j.payload)))],
  metadata: ["json", jobs.map((j) => (j.metadata ? storableJson(JSON.stringify(j.metadata)) : null))],
  idempotency_key: ["text", jobs.map((j) => j.idempotencyKey)],
  fingerprint: ["text", jobs.map((j) => j.fingerprint)],
  correlation_id: ["uuid", jobs.map((j) => j.correlationId)],
  created_event_id: ["uuid", jobs.map((j) => j.createdEventId)],
  traceparent: ["text", jobs.map((j) => j.traceparent)],
  parent_id: ["uuid", jobs.map((j) => j.parentId)],
  origin_id: ["uuid", jobs.map((j) => j.originId)],
  origin_kind: ["text", jobs.map((j) => j.originKind)],
  sequence: ["int", jobs.map((j) => j.sequence)],
  attempt: ["int", jobs.map((j) => j.attempt)],
  max_attempts: ["int", jobs.map((j) => j.maxAttempts)],
  base_ms: ["int", jobs.map((j) => j.baseMs)],
  cap_ms: ["int", jobs.map((j) => j.capMs)],
  deadline_ms: ["int", jobs.map((j) => j.deadlineMs)],
  run_at: ["timestamptz", jobs.map((j) => j.runAt)],
  created_at: ["timestamptz", jobs.map((j) => j.createdAt)],
  received_at: ["timestamptz", jobs.map((j) => j.receivedAt)],
  started_at: ["timestamptz", jobs.map((j) => j.startedAt)],
  finished_at: ["timestamptz", jobs.map((j) => j.finishedAt)],
  worker_id: ["text", jobs.map((j) => j.workerId)],
  queue_wait_ms: ["float8", jobs.map((j) => j.queueWaitMs)],
  error: ["json", jobs.map((j) => j.error)],
  type_version: ["int", jobs.map((j) => j.typeVersion)],
});
