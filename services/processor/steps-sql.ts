import type { PendingQuery, Row } from "postgres";
import { joinEnvelopes } from "../../shared/event.ts";
import { jsonLines, plainArray, type Sql } from "../../shared/postgres.ts";
import { isSampled } from "../../shared/traceparent.ts";
import type { Step } from "./history.ts";

/**
 * The rest of a statement that wrote jobs: expects a CTE `done` of what was really written, and adds for that the CTEs
 * `steps`, `moved` (rows of job_transitions) and `sent` (one outbox row with all their events). `done` identifies what
 * was written by `id`, the job's; where a batch may hold one job twice, by `entry`, and `entries` has that of each step.
 */
export function stepsSql(sql: Sql, steps: readonly Step[], entries?: readonly number[]): PendingQuery<Row[]> {
  return sql`
    steps as (
      select s.*
      from unnest(
        ${plainArray(steps.map((s) => s.jobId))}::uuid[], ${plainArray(steps.map((s) => s.sequence))}::int[], ${plainArray(steps.map((s) => s.run))}::int[],
        ${plainArray(steps.map((s) => s.from))}::text[], ${plainArray(steps.map((s) => s.to))}::text[], ${plainArray(steps.map((s) => s.attempt))}::int[],
        ${plainArray(steps.map((s) => s.eventId))}::uuid[], ${plainArray(steps.map((s) => s.at))}::timestamptz[],
        string_to_array(${jsonLines(steps.map((s) => s.detail))}, E'\\n', ''), string_to_array(${jsonLines(steps.map((s) => s.event))}, E'\\n', ''),
        ${plainArray(entries ?? [])}::int[]
      ) with ordinality
        as s (job_id, sequence, run, from_status, to_status, attempt, event_id, at, detail, event, entry, place)
      join done on ${entries ? sql`done.entry = s.entry` : sql`done.id = s.job_id`}
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

/** Splits the ids that a statement returns as one text, separated by commas; null where there is none. */
export function idsOf(text: string | null | undefined): Set<string> {
  return new Set(text ? text.split(",") : []);
}

/** A message that is in the outbox since its transaction committed. */
export interface OutboxMessage {
  readonly id: string;
  readonly body: Uint8Array;
  /** Sampled traces that its events belong to: a traceparent for each. */
  readonly traces: ReadonlySet<string>;
}

/** The message that {@link stepsSql} wrote, made again here rather than sent back by the store. */
export function outboxMessage(
  id: string | null,
  steps: readonly Step[],
  done?: ReadonlySet<string>,
): OutboxMessage | undefined {
  if (id === null) return undefined;
  const written = done ? steps.filter((s) => done.has(s.jobId)) : steps;
  return { id, body: joinEnvelopes(written.map((s) => s.event)), traces: tracesOf(written) };
}

const NO_TRACES: ReadonlySet<string> = new Set();

function tracesOf(steps: readonly Step[]): ReadonlySet<string> {
  let traces: Set<string> | undefined;
  for (const { traceparent } of steps) {
    if (!traceparent || !isSampled(traceparent)) continue;
    traces ??= new Set();
    traces.add(traceparent);
  }
  return traces ?? NO_TRACES;
}
