import type { PendingQuery, Row } from "postgres";
import { joinEnvelopes } from "../../shared/event.ts";
import { type Sql, timestamps } from "../../shared/postgres.ts";
import type { Step } from "./history.ts";

/**
 * The rest of a statement that wrote jobs: expects a CTE `done (id)` of the jobs that were really written, and adds
 * for those the CTEs `steps`, `moved` (rows of job_transitions) and `sent` (one outbox row with all their events).
 */
export function stepsSql(sql: Sql, steps: readonly Step[]): PendingQuery<Row[]> {
  return sql`
    steps as (
      select s.*
      from unnest(
        ${steps.map((s) => s.jobId)}::uuid[], ${steps.map((s) => s.sequence)}::int[], ${steps.map((s) => s.run)}::int[],
        ${steps.map((s) => s.from)}::text[], ${steps.map((s) => s.to)}::text[], ${steps.map((s) => s.attempt)}::int[],
        ${steps.map((s) => s.eventId)}::uuid[], ${timestamps(steps.map((s) => s.at))}::timestamptz[],
        ${steps.map((s) => s.detail)}::text[], ${steps.map((s) => s.event)}::text[]
      ) with ordinality
        as s (job_id, sequence, run, from_status, to_status, attempt, event_id, at, detail, event, place)
      join done on done.id = s.job_id
    ),
    moved as (
      insert into job_transitions (job_id, sequence, run, from_status, to_status, attempt, event_id, at, detail)
      select job_id, sequence, run, from_status, to_status, attempt, event_id, at, detail::jsonb
      from steps where to_status is not null
    ),
    sent as (
      insert into outbox (body)
      select '[' || string_agg(event, ',' order by place) || ']' from steps having count(*) > 0
      returning id
    )`;
}

/** A message that is in the outbox since its transaction committed. */
export interface OutboxMessage {
  readonly id: string;
  readonly body: Uint8Array;
}

/** The message that {@link stepsSql} wrote, made again here rather than sent back by the store. */
export function outboxMessage(
  id: string | null,
  steps: readonly Step[],
  done: ReadonlySet<string>,
): OutboxMessage | undefined {
  if (id === null) return undefined;
  return { id, body: joinEnvelopes(steps.filter((s) => done.has(s.jobId)).map((s) => s.event)) };
}
