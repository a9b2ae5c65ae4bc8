import type { Sql } from "postgres";
import type { Snapshot } from "../../contracts/api-queries.ts";
import type { DeadLetterReason } from "../../contracts/dead-letter.ts";
import type { JobEvent } from "../../contracts/events.ts";
import { createdEventId, eventIdAt, newJobId } from "../../contracts/ids.ts";
import type { JobStatus } from "../../contracts/job.ts";
import { createEventMaker } from "../../shared/event.ts";

export const makeEvent = createEventMaker({ service: "processor", instanceId: "seed-1", version: "1.0.0" });

export interface SeedJob {
  readonly id?: string;
  readonly type?: string;
  readonly status?: JobStatus;
  readonly payload?: Record<string, unknown>;
  readonly metadata?: Record<string, unknown>;
  readonly result?: unknown;
  readonly createdAt?: Date;
  readonly parentId?: string;
  readonly error?: { code: string; message: string; fingerprint?: string };
  readonly workerId?: string;
  readonly runAt?: Date;
}

/** Inserts a job, by default a completed one with two transitions and one attempt that logged a line. */
export async function seedJob(sql: Sql, job: SeedJob = {}): Promise<{ id: string; events: JobEvent[] }> {
  const id = job.id ?? newJobId();
  const createdAt = job.createdAt ?? new Date();
  const status = job.status ?? "COMPLETED";
  const ended = ["COMPLETED", "FAILED", "CANCELLED", "REJECTED"].includes(status);
  const correlationId = crypto.randomUUID();
  const type = job.type ?? "hash";
  const payload = job.payload ?? { text: "abc", rounds: 10 };
  const createdId = createdEventId(id, "f");
  const endedId = eventIdAt(id, 2);
  const endedAt = new Date(createdAt.getTime() + 10);

  await sql`insert into jobs ${sql({
    id,
    type,
    status,
    priority: 5,
    payload: sql.json(payload as never),
    metadata: job.metadata ? sql.json(job.metadata as never) : null,
    fingerprint: "f",
    correlation_id: correlationId,
    created_event_id: createdId,
    parent_id: job.parentId ?? null,
    origin_kind: job.parentId ? "fan-out" : null,
    sequence: ended ? 2 : 0,
    attempt: ended ? 1 : 0,
    max_attempts: 3,
    base_ms: 100,
    cap_ms: 1_000,
    deadline_ms: 60_000,
    run_at: job.runAt ?? createdAt,
    due: (job.runAt ?? createdAt) <= new Date(),
    created_at: createdAt,
    received_at: createdAt,
    updated_at: endedAt,
    started_at: ended || status === "EXECUTING" ? createdAt : null,
    finished_at: ended ? endedAt : null,
    worker_id: job.workerId ?? null,
    result: status === "COMPLETED" ? sql.json((job.result ?? { ok: true }) as never) : null,
    error: job.error ? sql.json(job.error) : null,
    duration_ms: ended ? 10 : null,
    queue_wait_ms: ended ? 0.5 : null,
  })}`;
  await sql`insert into job_transitions ${sql({
    job_id: id,
    sequence: 0,
    run: 1,
    from_status: null,
    to_status: "PENDING",
    attempt: 0,
    event_id: createdId,
    at: createdAt,
  })}`;
  const events: JobEvent[] = [
    makeEvent({
      eventType: "job.created",
      eventId: createdId,
      correlationId,
      occurredAt: createdAt.toISOString(),
      hops: { acceptedAt: createdAt.toISOString() },
      payload: { jobId: id, jobType: type, sequence: 0, payload, fingerprint: "f", priority: 5 },
    }),
  ];
  if (ended) {
    await sql`insert into job_transitions ${sql({
      job_id: id,
      sequence: 2,
      run: 1,
      from_status: "EXECUTING",
      to_status: status,
      attempt: 1,
      event_id: endedId,
      at: endedAt,
      detail: sql.json({ workerId: "w-1" }),
    })}`;
    await sql`insert into job_attempts ${sql({
      job_id: id,
      attempt: 1,
      run: 1,
      worker_id: "w-1",
      outcome: status === "COMPLETED" ? "succeeded" : "failed",
      started_at: createdAt,
      finished_at: endedAt,
      duration_ms: 10,
      queue_wait_ms: 0.5,
      logs: sql.json([{ at: createdAt.toISOString(), message: "a line" }]),
    })}`;
    events.push(terminalEvent({ id, type, status, eventId: endedId, correlationId, at: endedAt }));
  }
  return { id, events };
}

export interface Outcome {
  readonly id: string;
  readonly eventId: string;
  readonly at: Date;
  readonly status?: JobStatus;
  readonly type?: string;
  readonly correlationId?: string;
}

/** Creates the event that reports an outcome. */
export function terminalEvent({ id, eventId, at, status = "COMPLETED", ...rest }: Outcome): JobEvent {
  const { type = "hash", correlationId = crypto.randomUUID() } = rest;
  const moved = { jobId: id, jobType: type, sequence: 2, run: 1, attempt: 1, from: "EXECUTING" as const };
  const common = { eventId, correlationId, occurredAt: at.toISOString() };
  const error = { code: "HANDLER_ERROR", message: "it broke" };
  if (status === "COMPLETED")
    return makeEvent({
      ...common,
      eventType: "job.completed",
      payload: { ...moved, to: status, durationMs: 10, totalMs: 10 },
    });
  if (status === "FAILED")
    return makeEvent({
      ...common,
      eventType: "job.failed",
      payload: { ...moved, to: status, totalMs: 10, error },
    });
  return makeEvent({ ...common, eventType: "job.cancelled", payload: { ...moved, to: status, totalMs: 10 } });
}

/** Creates a snapshot of empty queues like those the metrics-engine stores. `ready` sets the depths of bus queues. */
export function drainedSnapshot(at = new Date(), ready: Record<string, number> = {}): Snapshot {
  return {
    at: at.toISOString(),
    queues: [],
    workers: [],
    deadLetters: 0,
    outbox: 0,
    bus: ["jobs.created", "events.observed", "jobs.failed.validation"].map((name) => ({
      name,
      ready: ready[name] ?? 0,
      consumers: 1,
    })),
  };
}

export interface SeedDeadLetter {
  readonly kind?: "message" | "job";
  readonly reason?: DeadLetterReason;
  readonly detail?: string;
  readonly body?: Uint8Array;
  readonly diedAt?: Date;
  readonly eventId?: string;
  readonly jobId?: string;
}

export async function seedDeadLetter(sql: Sql, letter: SeedDeadLetter = {}): Promise<string> {
  const id = crypto.randomUUID();
  await sql`insert into dead_letters ${sql({
    id,
    kind: letter.kind ?? "message",
    reason: letter.reason ?? "IDEMPOTENCY_CONFLICT",
    detail: letter.detail ?? "another body under the same key",
    service: "processor",
    queue: "jobs.created",
    died_at: letter.diedAt ?? new Date(),
    body: letter.body ?? Buffer.from('{"a":"é"}'),
    job_id: letter.jobId ?? null,
    event_id: letter.eventId ?? null,
  })}`;
  return id;
}

export async function seedWorker(sql: Sql, id: string, heartbeatAgoMs = 0, state = "alive"): Promise<void> {
  const heartbeatAt = new Date(Date.now() - heartbeatAgoMs);
  await sql`insert into workers ${sql({
    id,
    host: "desk",
    pid: 4_711,
    version: "1.0.0",
    concurrency: 8,
    state,
    started_at: heartbeatAt,
    heartbeat_at: heartbeatAt,
  })}`;
}
