import type postgres from "postgres";
import type { JobStatus } from "../../contracts/job.ts";

export interface Filling {
  readonly count: number;
  readonly type: string;
  readonly status: JobStatus;
  readonly priority?: number;
  readonly typeVersion?: number;
  /** When the first job is due, relative to now; each following job is due a millisecond later. */
  readonly dueInMs?: number;
  readonly workerId?: string;
  /** Value of the `due` column; omit it for a table without that column. */
  readonly due?: boolean;
}

/**
 * Inserts jobs in the form in which version 0.1 stored them. Each has two transitions: its creation, and a transition
 * from PENDING directly to its status. The jobs are created a microsecond apart. If all were created at the same time,
 * the newest rows in the order of time and id would be scattered over the whole table.
 */
export async function fillJobs(
  sql: postgres.Sql,
  { count, type, status, priority = 5, typeVersion, dueInMs = -count, workerId, due }: Filling,
): Promise<void> {
  const ended = ["COMPLETED", "FAILED", "CANCELLED", "REJECTED"].includes(status);
  const ran = ended || status === "EXECUTING" || status === "RETRYING";
  await sql`
    with born as (
      insert into jobs (id, type, status, priority, payload, fingerprint, correlation_id, created_event_id, sequence,
        attempt, max_attempts, base_ms, cap_ms, deadline_ms, run_at, created_at, received_at, updated_at, started_at,
        finished_at, worker_id, type_version${due === undefined ? sql`` : sql`, due`})
      select gen_random_uuid(), ${type}::text, ${status}::text, ${priority}::int, '{"ms": 1}', '-', gen_random_uuid(),
        gen_random_uuid(),
        ${ran ? 4 : 1}, ${ran ? 1 : 0}, 3, 100, 1000, 5000, now() + (${dueInMs}::int + n) * interval '1 millisecond',
        now() - (${count}::int - n) * interval '1 microsecond', now(), now(),
        ${ran ? sql`now()` : null}, ${ended ? sql`now()` : null}, ${workerId ?? null},
        ${typeVersion ?? null}::int${due === undefined ? sql`` : sql`, ${due}`}
      from generate_series(1, ${count}::int) n
      returning id, created_event_id, created_at
    )
    insert into job_transitions (job_id, sequence, run, from_status, to_status, attempt, event_id, at)
    select id, 0, 1, null, 'PENDING', 0, created_event_id, created_at from born
    union all
    select id, ${ran ? 4 : 1}, 1, 'PENDING', ${status}, ${ran ? 1 : 0}, gen_random_uuid(), created_at from born`;
}
