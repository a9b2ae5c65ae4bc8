import type { Job, JobError, JobProgress, JobStatus } from "../../contracts/job.ts";
import type { Fragment, Sql } from "./job-store.ts";

/** A row of `jobs` as it is read, with its position for paging. */
export interface JobRow {
  id: string;
  micros: string;
  type: string;
  status: JobStatus;
  priority: number;
  payload: Record<string, unknown>;
  metadata: Record<string, unknown> | null;
  idempotency_key: string | null;
  correlation_id: string;
  traceparent: string | null;
  parent_id: string | null;
  origin_id: string | null;
  origin_kind: NonNullable<Job["originKind"]> | null;
  sequence: number;
  run: number;
  attempt: number;
  max_attempts: number;
  deadline_ms: number;
  run_at: Date;
  created_at: Date;
  received_at: Date;
  updated_at: Date;
  started_at: Date | null;
  finished_at: Date | null;
  worker_id: string | null;
  cancel_requested: boolean;
  progress: JobProgress | null;
  result: unknown;
  error: JobError | null;
  duration_ms: number | null;
  queue_wait_ms: number | null;
}

/** The columns of a {@link JobRow}. */
export function jobColumns(sql: Sql): Fragment {
  return sql`
    jobs.id, (extract(epoch from jobs.created_at) * 1000000)::bigint as micros, type, status, priority, payload,
    metadata, idempotency_key, correlation_id, traceparent, parent_id, origin_id, origin_kind, sequence, run, attempt,
    max_attempts, deadline_ms, run_at, jobs.created_at, received_at, updated_at, started_at, finished_at, worker_id,
    cancel_requested, progress, result, error, duration_ms, queue_wait_ms`;
}

/** A job as the API shows it: what is not known is absent, never null. */
export function toJob(row: JobRow): Job {
  const job: Job = {
    id: row.id,
    type: row.type,
    status: row.status,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    payload: row.payload,
    correlationId: row.correlation_id,
    priority: row.priority,
    runAt: row.run_at.toISOString(),
    sequence: row.sequence,
    run: row.run,
    attempt: row.attempt,
    maxAttempts: row.max_attempts,
    deadlineMs: row.deadline_ms,
    cancelRequested: row.cancel_requested,
  };
  const known: Partial<Job> = {
    metadata: row.metadata ?? undefined,
    idempotencyKey: row.idempotency_key ?? undefined,
    startedAt: row.started_at?.toISOString(),
    finishedAt: row.finished_at?.toISOString(),
    workerId: row.worker_id ?? undefined,
    progress: row.progress ?? undefined,
    result: row.result ?? undefined,
    error: row.error ?? undefined,
    durationMs: row.duration_ms ?? undefined,
    queueWaitMs: row.queue_wait_ms ?? undefined,
    parentId: row.parent_id ?? undefined,
    originId: row.origin_id ?? undefined,
    originKind: row.origin_kind ?? undefined,
    traceparent: row.traceparent ?? undefined,
  };
  return Object.assign(job, present(known));
}

/** The fields of an object that have a value. */
export function present<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
