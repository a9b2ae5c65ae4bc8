import type { PendingQuery, Row } from "postgres";
import type { Sql } from "../../shared/postgres.ts";

/** Selects, from a row `j` of jobs, the columns of a {@link ClaimedJob} except its status. */
export const claimedColumns = (sql: Sql): PendingQuery<Row[]> => sql`
  j.id, j.type, j.sequence, j.run, j.attempt, j.correlation_id as "correlationId", j.traceparent, j.payload,
  j.worker_id as "workerId", j.tries, j.losses, j.max_attempts as "maxAttempts", j.base_ms as "baseMs",
  j.cap_ms as "capMs", j.deadline_ms as "deadlineMs", j.created_at as "createdAt", j.started_at as "startedAt",
  j.queue_wait_ms as "queueWaitMs", j.cancel_requested as "cancelRequested", j.updated_at as "updatedAt"`;
