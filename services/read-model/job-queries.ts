import type { JobPage } from "../../contracts/api-queries.ts";
import type { JobFilter } from "../../contracts/filter-schema.ts";
import { eventIdAt } from "../../contracts/ids.ts";
import type { Attempt, JobStatus, Transition } from "../../contracts/job.ts";
import { AppError } from "../../shared/errors.ts";
import { jobTypes, textMatches } from "../../shared/job-text.ts";
import { decodeCursor, pageOf } from "./cursor.ts";
import type { JobDatabase, Sql } from "./job-database.ts";
import { matching, newest, type PageOptions, pageSql } from "./job-page-sql.ts";
import {
  type JobRow,
  jobColumns,
  omitUndefined,
  type SummaryRow,
  summaryColumns,
  toSummary,
} from "./job-row.ts";

/**
 * Maximum number of transitions or attempts in a reply, which is more than any retry policy produces. Only a job that
 * was retried by hand very often can exceed the limit; its oldest entries are then omitted.
 */
const MAX_HISTORY = 2_000;
/**
 * How many of the newest rows a text search scans one by one, before it uses an index. Scanning them takes a few
 * milliseconds. If a filter lists several values, the limit applies to each; for types, it applies to each pair of type
 * and status.
 */
const RECENT = 2_000;

export interface JobPageQuery {
  /** Relative ages are already resolved to times. */
  readonly filter: JobFilter;
  readonly limit: number;
  readonly cursor?: string;
}

/** Creates the queries about jobs. Each rejects as {@link JobDatabase.read} does. */
export function createJobQueries(store: JobDatabase) {
  return {
    /** Returns a page of jobs, newest first. Rejects with INVALID_CURSOR. */
    async list({ filter, limit, cursor }: JobPageQuery): Promise<JobPage> {
      const after = cursor === undefined ? undefined : decodeCursor(cursor);
      const page = { filter, after, count: limit + 1 };
      const rows = await store.read((sql) =>
        filter.text === undefined
          ? sql<SummaryRow[]>`
              select ${summaryColumns(sql)} from ${pageSql(sql, page)} as jobs ${newest(sql, page.count)}`
          : search(sql, page, filter.text),
      );
      return pageOf(rows, limit, toSummary);
    },

    /** Returns the types of all stored jobs. */
    types: () => store.read(jobTypes),

    /** Returns one row. Rejects with JOB_NOT_FOUND. */
    async row(id: string): Promise<JobRow> {
      const [row] = await store.read(
        (sql) => sql<JobRow[]>`select ${jobColumns(sql)} from jobs where id = ${id}`,
      );
      if (!row) throw new AppError("JOB_NOT_FOUND", `No job has the id ${id}`);
      return row;
    },

    /** Returns when and why a job was deleted, if that is still recorded. */
    async pruned(id: string): Promise<{ prunedAt: Date; reason: "retention" | "purge" } | undefined> {
      const [row] = await store.read(
        (sql) => sql<{ prunedAt: Date; reason: "retention" | "purge" }[]>`
          select pruned_at as "prunedAt", reason from pruned_jobs where id = ${id}`,
      );
      return row;
    },

    async transitions(id: string): Promise<Transition[]> {
      const rows = await store.read(
        (sql) => sql<TransitionRow[]>`
          select * from job_transitions where job_id = ${id} order by sequence desc limit ${MAX_HISTORY}`,
      );
      return rows.reverse().map((row) => toTransition(id, row));
    },

    async attempts(id: string): Promise<Attempt[]> {
      const rows = await store.read(
        (sql) => sql<AttemptRow[]>`
          select * from job_attempts where job_id = ${id} order by attempt desc limit ${MAX_HISTORY}`,
      );
      return rows.reverse().map(toAttempt);
    },

    async children(id: string): Promise<{ total: number; byStatus: Record<string, number> }> {
      const rows = await store.read(
        (sql) => sql<{ status: JobStatus; count: number }[]>`
          select status, count(*)::int as count from jobs where parent_id = ${id} group by status`,
      );
      return {
        total: rows.reduce((sum, { count }) => sum + count, 0),
        byStatus: Object.fromEntries(rows.map(({ status, count }) => [status, count])),
      };
    },
  };
}
export type JobQueries = ReturnType<typeof createJobQueries>;

/**
 * Finds the newest jobs that contain the text. Frequent words are found among the newest rows and rare ones through
 * their index, so neither reads many rows. Separate queries decide this instead of the planner, which misjudges how
 * often a prefix occurs.
 */
async function search(sql: Sql, page: PageOptions, text: string): Promise<SummaryRow[]> {
  const { count } = page;
  const where = matching(sql, page);
  const found = textMatches(sql, text, await jobTypes(sql));
  const anywhere = found.map(({ condition }) => sql`(${condition})`).reduce((a, b) => sql`${a} or ${b}`);
  const recent = await sql<SummaryRow[]>`
    select ${summaryColumns(sql)} from ${pageSql(sql, { ...page, count: RECENT })} as jobs
    where ${anywhere} ${newest(sql, count)}`;
  if (recent.length === count) return recent;
  const hits = found
    .flatMap(({ condition, types }) => {
      if (types) {
        const type = wanted(types, page.filter.type);
        const named = pageSql(sql, { ...page, filter: { ...page.filter, type } });
        return type.length === 0 ? [] : [sql`(select id, created_at from ${named} as hit)`];
      }
      // `offset 0` keeps the planner from walking all rows in the outer query's order.
      return [
        sql`(select * from (select id, created_at from jobs where ${where} and ${condition} offset 0) as hit
          ${newest(sql, count)})`,
      ];
    })
    .reduce((a, b) => sql`${a} union ${b}`);
  return sql<SummaryRow[]>`
    with page as (select id from (${hits}) as hits ${newest(sql, count)})
    select ${summaryColumns(sql)} from page join jobs using (id) ${newest(sql, count)}`;
}

/** Returns those of `types` that the filter selects; without a type in the filter, all of them. */
function wanted(types: readonly string[], filter: JobFilter["type"]): string[] {
  return types.filter((type) => filter === undefined || [filter].flat().includes(type));
}

interface TransitionRow {
  sequence: number;
  run: number;
  from_status: JobStatus | null;
  to_status: JobStatus;
  attempt: number;
  /** Null when it can be derived from the job id and the sequence. */
  event_id: string | null;
  at: Date;
  detail: Record<string, unknown> | null;
}

function toTransition(jobId: string, row: TransitionRow): Transition {
  return omitUndefined({
    sequence: row.sequence,
    run: row.run,
    from: row.from_status,
    to: row.to_status,
    attempt: row.attempt,
    eventId: row.event_id ?? eventIdAt(jobId, row.sequence),
    at: row.at.toISOString(),
    detail: row.detail ?? undefined,
  });
}

interface AttemptRow {
  attempt: number;
  run: number;
  worker_id: string;
  outcome: Attempt["outcome"];
  started_at: Date;
  finished_at: Date;
  duration_ms: number;
  queue_wait_ms: number;
  error: Attempt["error"] | null;
  logs: Attempt["logs"];
}

function toAttempt(row: AttemptRow): Attempt {
  return omitUndefined({
    attempt: row.attempt,
    run: row.run,
    workerId: row.worker_id,
    outcome: row.outcome,
    startedAt: row.started_at.toISOString(),
    finishedAt: row.finished_at.toISOString(),
    durationMs: row.duration_ms,
    queueWaitMs: row.queue_wait_ms,
    error: row.error ?? undefined,
    logs: row.logs,
  });
}
