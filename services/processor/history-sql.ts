import type { Fragment } from "postgres";
import { compressBody } from "../../shared/bus/compression.ts";
import type { BusTables } from "../../shared/bus/port.ts";
import { joinEnvelopes } from "../../shared/event.ts";
import type { Sql } from "../../shared/postgres.ts";
import { isSampled } from "../../shared/traceparent.ts";
import { type Columns, unnestSql } from "../../shared/unnest-sql.ts";
import type { Step } from "./history.ts";

/**
 * A message with the events of committed job changes. It was committed in the same transaction as the changes, either
 * to the outbox or to the bus's own tables.
 */
export interface OutboxMessage {
  readonly id: string;
  readonly body: Uint8Array;
  /** The traceparents of the events whose traces are sampled. */
  readonly traces: ReadonlySet<string>;
}

/** Steps of jobs' histories, ready to be written: the SQL that writes them, and the message that announces them. */
export interface HistoryWriting {
  /**
   * Returns CTEs to append to a statement that writes jobs. The statement must define a CTE `done` with the jobs that
   * it actually wrote. The added CTEs include `steps`, `moved` (which inserts those transitions that cannot be derived
   * from a job's row) and `sent` (one row with the message id, or null). `done` identifies jobs by `id`, or by `entry`
   * if a batch may contain the same job twice.
   */
  sql(sql: Sql): Fragment;
  /**
   * Returns the message with this id, rebuilt from the `written` steps (by default, all steps) to avoid reading it
   * back.
   */
  message(id: string | null | undefined, written?: readonly Step[]): OutboxMessage | undefined;
}

/**
 * Prepares steps for writing. In a batch that may contain the same job twice, `entries` holds the position of each
 * step's entry in the batch.
 */
export type WriteHistory = (steps: readonly Step[], entries?: readonly number[]) => HistoryWriting;

/**
 * Creates the function that prepares steps for writing. With `bus`, whose tables are in the job store's database,
 * messages go straight to the bus and need no outbox.
 */
export function createHistoryWriter(bus?: BusTables): WriteHistory {
  const insertMessage = (sql: Sql) =>
    bus?.insertSql(sql, "jobs.transitions") ??
    sql`insert into outbox (message) select body from message returning id`;

  return (steps, entries) => {
    // Compressed now rather than when publishing, so that the store holds only a fraction of the text.
    const body = compressBody(joinEnvelopes(steps.map((s) => s.event)));
    const explicit = explicitOf({ steps, entries });
    return {
      sql: (sql) => sql`
        steps as (
          select event, place
          from ${writtenSql(sql, { steps, entries }, { event: ["json", steps.map((s) => s.event)] }, "place")}
        ),
        moved as (
          insert into explicit_transitions
            (job_id, sequence, run, from_status, to_status, attempt, event_id, at, detail)
          select job_id, s.sequence, s.run, from_status, to_status, s.attempt, event_id, at, detail::jsonb
          from ${writtenSql(sql, explicit, moveColumns(explicit.steps))}
        ),
        message as (
          select case when (select count(*) from steps) = ${steps.length} then ${body}::bytea
            else (select convert_to('[' || string_agg(event, ',' order by place) || ']', 'UTF8') from steps) end as body
          where exists (select from steps)
        ),
        stored as (${insertMessage(sql)}),
        sent as (select min(id) as id from stored)`,
      message(id, written = steps) {
        if (id === null || id === undefined) return undefined;
        const whole = written.length === steps.length;
        const own = whole ? body : compressBody(joinEnvelopes(written.map((s) => s.event)));
        return { id, body: own, traces: tracesOf(written) };
      },
    };
  };
}

/** Joins the steps with `done`, so that steps of jobs that were not written are left out. */
function writtenSql(sql: Sql, { steps, entries }: KeyedSteps, columns: Columns, place?: string): Fragment {
  const keys: Columns = entries
    ? { entry: ["int", entries] }
    : { id: ["uuid", steps.map(({ jobId }) => jobId)] };
  return sql`
    ${unnestSql(sql, "s", { ...keys, ...columns }, place)} join done using (${sql.unsafe(entries ? "entry" : "id")})`;
}

interface KeyedSteps {
  readonly steps: readonly Step[];
  readonly entries: readonly number[] | undefined;
}

/** Returns the steps whose transition cannot be derived from a job's row. */
function explicitOf({ steps, entries }: KeyedSteps): KeyedSteps {
  const indexes = [...steps.keys()].filter((index) => steps[index]?.to && !steps[index].implied);
  return {
    steps: indexes.flatMap((index) => steps[index] ?? []),
    entries: entries && indexes.flatMap((index) => entries[index] ?? []),
  };
}

const moveColumns = (moves: readonly Step[]): Columns => ({
  job_id: ["uuid", moves.map((m) => m.jobId)],
  sequence: ["int", moves.map((m) => m.sequence)],
  run: ["int", moves.map((m) => m.run)],
  from_status: ["word", moves.map((m) => m.from)],
  to_status: ["word", moves.map((m) => m.to)],
  attempt: ["int", moves.map((m) => m.attempt)],
  event_id: ["uuid", moves.map((m) => m.eventId)],
  at: ["timestamptz", moves.map((m) => m.at)],
  detail: ["json", moves.map((m) => m.detail)],
});

/** Splits the comma-separated ids that a statement returns as one text. Null means none. */
export function idsOf(text: string | null | undefined): Set<string> {
  return new Set(text ? text.split(",") : []);
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
