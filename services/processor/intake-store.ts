import type { JobStatus } from "../../contracts/job.ts";
import { jsonLines, plainArray, rehearse, type Sql, textArray } from "../../shared/postgres.ts";
import type { Step } from "./history.ts";
import { idsOf, type OutboxMessage, outboxMessage, stepsSql } from "./steps-sql.ts";
import { storableJson } from "./storable-json.ts";

/** A job that was created and is to become a row, with the status that intake assigns. */
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
  /** Rank of the version of its type; null where its producer did not say. */
  readonly typeVersion: number | null;
  /** These are null where this processor does not know the type, and were not asked for: the type's own apply. */
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

/** What the store knows of a job id that was there already. */
export interface KnownJob {
  readonly id: string;
  readonly fingerprint: string;
  readonly createdEventId: string;
}

export function createIntakeStore(sql: Sql) {
  return {
    /** Insert the jobs that are new, with their history and its message, in one statement. Returns the ids of those. */
    async insert(
      jobs: readonly NewJob[],
    ): Promise<{ inserted: Set<string>; message: OutboxMessage | undefined }> {
      const steps = jobs.flatMap((job) => job.steps);
      const [row] = await sql<{ done: string | null; sent: string | null }[]>`
        with done as (
          insert into jobs (id, type, status, priority, payload, metadata, idempotency_key, fingerprint, correlation_id,
            created_event_id, traceparent, parent_id, origin_id, origin_kind, sequence, attempt, max_attempts, base_ms,
            cap_ms, deadline_ms, run_at, created_at, received_at, updated_at, started_at, finished_at, worker_id, queue_wait_ms, error,
            type_version)
          select i.id, i.type, i.status, i.priority, i.payload::jsonb, i.metadata::jsonb, i.idempotency_key, i.fingerprint, i.correlation_id,
            i.created_event_id, i.traceparent, i.parent_id, i.origin_id, i.origin_kind, i.sequence, i.attempt, i.max_attempts, i.base_ms,
            i.cap_ms, i.deadline_ms, i.run_at, i.created_at, i.received_at, i.received_at, i.started_at, i.finished_at, i.worker_id, i.queue_wait_ms, i.error::jsonb,
            i.type_version
          from unnest(
            ${plainArray(jobs.map((j) => j.id))}::uuid[], ${textArray(jobs.map((j) => j.type))}::text[], ${plainArray(jobs.map((j) => j.status))}::text[],
            ${plainArray(jobs.map((j) => j.priority))}::smallint[], string_to_array(${jsonLines(jobs.map((j) => storableJson(JSON.stringify(j.payload))))}, E'\\n', ''),
            string_to_array(${jsonLines(jobs.map((j) => (j.metadata ? storableJson(JSON.stringify(j.metadata)) : null)))}, E'\\n', ''), ${textArray(jobs.map((j) => j.idempotencyKey))}::text[],
            ${textArray(jobs.map((j) => j.fingerprint))}::text[], ${plainArray(jobs.map((j) => j.correlationId))}::uuid[],
            ${plainArray(jobs.map((j) => j.createdEventId))}::uuid[], ${textArray(jobs.map((j) => j.traceparent))}::text[],
            ${plainArray(jobs.map((j) => j.parentId))}::uuid[], ${plainArray(jobs.map((j) => j.originId))}::uuid[], ${textArray(jobs.map((j) => j.originKind))}::text[],
            ${plainArray(jobs.map((j) => j.sequence))}::int[], ${plainArray(jobs.map((j) => j.attempt))}::int[], ${plainArray(jobs.map((j) => j.maxAttempts))}::int[],
            ${plainArray(jobs.map((j) => j.baseMs))}::int[], ${plainArray(jobs.map((j) => j.capMs))}::int[], ${plainArray(jobs.map((j) => j.deadlineMs))}::int[],
            ${plainArray(jobs.map((j) => j.runAt))}::timestamptz[], ${plainArray(jobs.map((j) => j.createdAt))}::timestamptz[],
            ${plainArray(jobs.map((j) => j.receivedAt))}::timestamptz[], ${plainArray(jobs.map((j) => j.startedAt))}::timestamptz[],
            ${plainArray(jobs.map((j) => j.finishedAt))}::timestamptz[], ${textArray(jobs.map((j) => j.workerId))}::text[],
            ${plainArray(jobs.map((j) => j.queueWaitMs))}::float8[], string_to_array(${jsonLines(jobs.map((j) => j.error))}, E'\\n', ''),
            ${plainArray(jobs.map((j) => j.typeVersion))}::int[]
          ) as i (id, type, status, priority, payload, metadata, idempotency_key, fingerprint, correlation_id,
            created_event_id, traceparent, parent_id, origin_id, origin_kind, sequence, attempt, max_attempts, base_ms,
            cap_ms, deadline_ms, run_at, created_at, received_at, started_at, finished_at, worker_id, queue_wait_ms, error,
            type_version)
          on conflict (id) do nothing
          returning id
        ),
        born as (
          insert into job_transitions (job_id, sequence, run, from_status, to_status, attempt, event_id, at)
          select b.id, 0, 1, null, 'PENDING', 0, b.event_id, b.at
          from unnest(${plainArray(jobs.map((j) => j.id))}::uuid[], ${plainArray(jobs.map((j) => j.createdEventId))}::uuid[], ${plainArray(jobs.map((j) => j.createdAt))}::timestamptz[])
            as b (id, event_id, at)
          join done on done.id = b.id
        ),
        ${stepsSql(sql, steps)}
        select (select string_agg(id::text, ',') from done) as done, (select id from sent) as sent`;
      const inserted = idsOf(row?.done);
      return { inserted, message: outboxMessage(row?.sent ?? null, steps, inserted) };
    },

    /** Inserts a job and takes it back. Rejects when the store does not take one now. */
    async rehearse(job: NewJob): Promise<void> {
      await rehearse(sql, (tx) => createIntakeStore(tx).insert([job]));
    },

    async known(ids: readonly string[]): Promise<KnownJob[]> {
      return sql<KnownJob[]>`
        select id, fingerprint, created_event_id as "createdEventId" from jobs where id = any(${plainArray(ids)}::uuid[])`;
    },

    /** Tell other processors, once for a batch, that jobs wait. */
    async announce(): Promise<void> {
      await sql`select pg_notify('observatory_waiting', '')`;
    },
  };
}
export type IntakeStore = ReturnType<typeof createIntakeStore>;
