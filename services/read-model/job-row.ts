import {
  type Job,
  type JobError,
  type JobProgress,
  type JobStatus,
  type JobSummary,
  PREVIEW_CHARACTERS,
} from "../../contracts/job.ts";
import type { Fragment, Sql } from "./job-database.ts";

/** The columns that lists and the details of a job both need: the small columns of `jobs`, and `micros` for paging. */
interface BaseRow {
  id: string;
  micros: string;
  type: string;
  status: JobStatus;
  priority: number;
  correlation_id: string;
  parent_id: string | null;
  origin_id: string | null;
  origin_kind: NonNullable<Job["originKind"]> | null;
  sequence: number;
  run: number;
  attempt: number;
  tries: number;
  max_attempts: number | null;
  run_at: Date;
  created_at: Date;
  updated_at: Date;
  started_at: Date | null;
  finished_at: Date | null;
  worker_id: string | null;
  cancel_requested: boolean;
  progress: JobProgress | null;
  duration_ms: number | null;
  queue_wait_ms: number | null;
}

/** A complete row of `jobs`. */
export interface JobRow extends BaseRow {
  payload: Record<string, unknown>;
  metadata: Record<string, unknown> | null;
  idempotency_key: string | null;
  traceparent: string | null;
  deadline_ms: number | null;
  received_at: Date;
  result: unknown;
  error: JobError | null;
}

/** A row of `jobs` for a list. The query truncates large columns to keep a page small. */
export interface SummaryRow extends BaseRow {
  payload_preview: string;
  result_preview: string | null;
  error_code: string | null;
  error_message: string | null;
  error_fingerprint: string | null;
}

function baseColumns(sql: Sql): Fragment {
  return sql`
    jobs.id, (extract(epoch from jobs.created_at) * 1000000)::bigint as micros, type, status, priority, correlation_id,
    parent_id, origin_id, origin_kind, sequence, run, attempt, tries, max_attempts, run_at, jobs.created_at,
    updated_at, started_at, finished_at, worker_id, cancel_requested, progress, duration_ms, queue_wait_ms`;
}

/** Selects the columns of a {@link JobRow}. */
export function jobColumns(sql: Sql): Fragment {
  return sql`
    ${baseColumns(sql)}, payload, metadata, idempotency_key, traceparent, deadline_ms, received_at, result, error`;
}

/** Selects the columns of a {@link SummaryRow}. */
export function summaryColumns(sql: Sql): Fragment {
  return sql`
    ${baseColumns(sql)}, left(payload::text, ${PREVIEW_CHARACTERS}::int) as payload_preview,
    left(result::text, ${PREVIEW_CHARACTERS}::int) as result_preview, error ->> 'code' as error_code,
    left(error ->> 'message', ${PREVIEW_CHARACTERS}::int) as error_message,
    error ->> 'fingerprint' as error_fingerprint`;
}

/** Converts a row to a job as the API shows it. Fields without a value are omitted, never null. */
export function toJob(row: JobRow): Job {
  return Object.assign(
    baseOf(row),
    omitUndefined<Partial<Job>>({
      payload: row.payload,
      metadata: row.metadata ?? undefined,
      idempotencyKey: row.idempotency_key ?? undefined,
      traceparent: row.traceparent ?? undefined,
      deadlineMs: row.deadline_ms ?? undefined,
      result: row.result ?? undefined,
      error: row.error ?? undefined,
    }),
  );
}

/** Converts a row to a job as lists show it. */
export function toSummary(row: SummaryRow): JobSummary {
  const { error_code: code, error_message: message, error_fingerprint: fingerprint } = row;
  return Object.assign(
    baseOf(row),
    omitUndefined<Partial<JobSummary>>({
      payloadPreview: row.payload_preview,
      resultPreview: row.result_preview ?? undefined,
      error:
        code === null
          ? undefined
          : omitUndefined({ code, message: message ?? "", fingerprint: fingerprint ?? undefined }),
    }),
  );
}

/**
 * Returns how many tries a job has had. The store counts only failed tries; this adds the try that is running or has
 * succeeded.
 */
function triesOf({ status, tries }: BaseRow): number {
  return status === "EXECUTING" || status === "COMPLETED" ? tries + 1 : tries;
}

function baseOf(row: BaseRow) {
  return omitUndefined({
    id: row.id,
    type: row.type,
    status: row.status,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    correlationId: row.correlation_id,
    priority: row.priority,
    runAt: row.run_at.toISOString(),
    sequence: row.sequence,
    run: row.run,
    attempt: row.attempt,
    tries: triesOf(row),
    maxAttempts: row.max_attempts ?? undefined,
    cancelRequested: row.cancel_requested,
    startedAt: row.started_at?.toISOString(),
    finishedAt: row.finished_at?.toISOString(),
    workerId: row.worker_id ?? undefined,
    progress: row.progress ?? undefined,
    durationMs: row.duration_ms ?? undefined,
    queueWaitMs: row.queue_wait_ms ?? undefined,
    parentId: row.parent_id ?? undefined,
    originId: row.origin_id ?? undefined,
    originKind: row.origin_kind ?? undefined,
  });
}

export function omitUndefined<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
