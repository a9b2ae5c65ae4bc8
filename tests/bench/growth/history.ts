import type { Sql } from "postgres";
import type { JobEvent } from "../../../contracts/events.ts";
import { createdEventId, eventIdAt } from "../../../contracts/ids.ts";
import { createEventMaker } from "../../../shared/event.ts";
import type { Observations } from "../../../shared/observations/port.ts";
import { unnestSql } from "../../../shared/unnest-sql.ts";

const CHUNK = 5_000;
const HOUR_MS = 3_600_000;
/** Even the newest past job is old enough for the ledger to seal it. */
const AGE_MS = { oldest: 60 * HOUR_MS, newest: HOUR_MS };
const TYPES = ["sleep", "hash", "flaky", "http-check"] as const;
const makeEvent = createEventMaker({ service: "bench", instanceId: "history", version: "1.0.0" });

interface PastJob {
  readonly id: string;
  readonly type: (typeof TYPES)[number];
  readonly status: "COMPLETED" | "FAILED" | "CANCELLED";
  readonly payload: string;
  readonly at: number;
}

/**
 * Adds past jobs until the store holds `total`. SQL inserts their rows, and the observations port records their events,
 * so the job store and the observations agree in every storage format.
 */
export async function growTo(
  total: number,
  have: number,
  { sql, observations, capacity }: { sql: Sql; observations: Observations; capacity: number },
): Promise<void> {
  const now = Date.now();
  const span = AGE_MS.oldest - AGE_MS.newest;
  for (let start = have; start < total; start += CHUNK) {
    const count = Math.min(CHUNK, total - start);
    const jobs = Array.from({ length: count }, (_, i) =>
      pastJob(start + i, Math.floor(now - AGE_MS.oldest + ((start + i) / capacity) * span)),
    );
    await Promise.all([insert(sql, jobs), observations.record(jobs.flatMap(eventsOf))]);
  }
  // The ledger's seals, which store the sums of past time spans, were made when these spans held fewer jobs, so each
  // would now cover too many. Without them, the ledger seals the past again in spans of the usual size.
  await sql`truncate ledger_seals, ledger_accusations, ledger_marks`;
  await settle(sql);
}

/** Vacuums, analyzes and checkpoints now, so that PostgreSQL does not do so during a measurement. */
export async function settle(sql: Sql): Promise<void> {
  await sql`vacuum analyze`;
  await sql`checkpoint`;
}

function pastJob(n: number, at: number): PastJob {
  const type = TYPES[n % TYPES.length]!;
  const kind = n % 100;
  const payload = {
    sleep: { ms: n % 50 },
    hash: { text: `observe ${n % 5_000}`, rounds: 1_000 },
    flaky: { failures: n % 3 },
    "http-check": { url: `http://127.0.0.1:${3_000 + (n % 100)}/` },
  }[type];
  return {
    id: idAt(at),
    type,
    status: kind < 96 ? "COMPLETED" : kind < 99 ? "FAILED" : "CANCELLED",
    payload: JSON.stringify(payload),
    at,
  };
}

/** Returns a UUIDv7 for a time in the past, so that indexes place it like an id created at that time. */
function idAt(at: number): string {
  const time = at.toString(16).padStart(12, "0");
  const random = crypto.randomUUID();
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(15)}`;
}

/**
 * Inserts jobs as the processor stores them. A job's creation, first start and success can be derived from its row;
 * every other outcome has a row of its own in the transitions.
 */
async function insert(sql: Sql, jobs: readonly PastJob[]): Promise<void> {
  const given = unnestSql(sql, "p", {
    id: ["uuid", jobs.map(({ id }) => id)],
    type: ["word", jobs.map(({ type }) => type)],
    status: ["word", jobs.map(({ status }) => status)],
    payload: ["text", jobs.map(({ payload }) => payload)],
    at: ["timestamptz", jobs.map(({ at }) => new Date(at))],
    created: ["uuid", jobs.map(({ id }) => createdEventId(id, "-"))],
    ended: ["uuid", jobs.map(({ id }) => eventIdAt(id, 4))],
  });
  await sql`
    with past as (
      select * from ${given}
    ), rows as (
      insert into jobs (id, type, status, priority, payload, fingerprint, correlation_id, created_event_id, sequence,
        attempt, max_attempts, base_ms, cap_ms, deadline_ms, run_at, created_at, received_at, updated_at, started_at,
        finished_at, worker_id, result, error, duration_ms, queue_wait_ms, implied, ended_event_id)
      select id, type, status, 5, payload::jsonb, '-', created, created, 4, 1, 3, 500, 10000, 5000, at, at,
        at + interval '3 ms', at + interval '20 ms', at + interval '8 ms', at + interval '20 ms', 'processor-past',
        case when status = 'COMPLETED' then '{"slept":0}'::jsonb end,
        case when status = 'FAILED' then '{"code":"HANDLER_ERROR","message":"it failed"}'::jsonb end, 12, 8,
        case when status = 'COMPLETED' then 15 else 7 end, case when status = 'COMPLETED' then ended end
      from past
    ), moves as (
      insert into explicit_transitions (job_id, sequence, run, from_status, to_status, attempt, event_id, at)
      select id, 4, 1, 'EXECUTING', status, 1, ended, at + interval '20 ms' from past where status <> 'COMPLETED'
    )
    insert into explicit_attempts (job_id, attempt, run, worker_id, outcome, started_at, finished_at, duration_ms,
      queue_wait_ms)
    select id, 1, 1, 'processor-past', case status when 'FAILED' then 'failed' else 'cancelled' end,
      at + interval '8 ms', at + interval '20 ms', 12, 8
    from past where status <> 'COMPLETED'`;
}

function eventsOf({ id, type, status, at }: PastJob): JobEvent[] {
  const about = { jobId: id, jobType: type, run: 1, attempt: 1 };
  const error = { code: "HANDLER_ERROR", message: "it failed" };
  const make = (eventType: string, eventId: string, after: number, payload: object) =>
    makeEvent({
      eventType: eventType as "job.created",
      eventId,
      correlationId: createdEventId(id, "-"),
      occurredAt: new Date(at + after).toISOString(),
      payload: payload as never,
    }) as JobEvent;
  const moved = (sequence: number, from: string, to: string) => ({ ...about, sequence, from, to });
  const end = {
    COMPLETED: ["job.completed", { durationMs: 12, totalMs: 20 }],
    FAILED: ["job.failed", { error, totalMs: 20 }],
    CANCELLED: ["job.cancelled", { totalMs: 20 }],
  }[status] as [string, object];
  return [
    make("job.created", createdEventId(id, "-"), 0, {
      jobId: id,
      jobType: type,
      sequence: 0,
      payload: {},
      fingerprint: "-",
      priority: 5,
    }),
    make("job.validated", eventIdAt(id, 1), 3, {
      ...moved(1, "PENDING", "VALIDATED"),
      attempt: 0,
      priority: 5,
    }),
    make("job.started", eventIdAt(id, 2), 8, {
      ...moved(2, "VALIDATED", "EXECUTING"),
      workerId: "processor-past",
      queueWaitMs: 8,
    }),
    make("job.executed", eventIdAt(id, 3), 20, {
      ...about,
      sequence: 3,
      outcome: status === "COMPLETED" ? "succeeded" : "failed",
      workerId: "processor-past",
      durationMs: 12,
      queueWaitMs: 8,
    }),
    make(end[0], eventIdAt(id, 4), 20, { ...moved(4, "EXECUTING", status), ...end[1] }),
  ];
}
