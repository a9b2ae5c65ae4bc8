import type { JobStatus } from "../../contracts/job.ts";
import { jobTypes } from "../../shared/job-text.ts";
import { knownTypesSql } from "../../shared/known-types.ts";
import { plainArray, type Sql } from "../../shared/postgres.ts";
import { unnestSql } from "../../shared/unnest-sql.ts";
import type { JobPosition, Step } from "./history.ts";
import { idsOf, type OutboxMessage, type WriteHistory } from "./history-sql.ts";

/** The fields of a job that commands need. */
export interface CommandJob extends JobPosition {
  readonly status: JobStatus;
  readonly priority: number;
  readonly createdAt: Date;
  readonly cancelRequested: boolean;
  readonly typeVersion: number | null;
}

/** A job whose status a command changes, and the step that records the change. */
export interface CommandMove {
  readonly job: CommandJob;
  readonly step: Step;
}

export interface JobRequestRow {
  readonly type: string;
  readonly priority: number;
  readonly maxAttempts: number | null;
  readonly deadlineMs: number | null;
  readonly metadata: Record<string, unknown> | null;
  readonly createdEventId: string;
}

export function createCommandStore(sql: Sql, write: WriteHistory) {
  const columns = sql`
    id, type, status, priority, sequence, run, attempt, correlation_id as "correlationId", traceparent,
    created_at as "createdAt", updated_at as "updatedAt", cancel_requested as "cancelRequested",
    type_version as "typeVersion"`;

  return {
    async get(ids: readonly string[]): Promise<CommandJob[]> {
      return sql<CommandJob[]>`select ${columns} from jobs where id = any(${plainArray(ids)}::uuid[])`;
    },

    /** Returns the request that a job was created from. */
    async request(id: string): Promise<JobRequestRow | undefined> {
      const [row] = await sql<JobRequestRow[]>`
        select type, priority, max_attempts as "maxAttempts", deadline_ms as "deadlineMs", metadata,
          created_event_id as "createdEventId"
        from jobs where id = ${id}`;
      return row;
    },

    /** Returns the types of all stored jobs. */
    types: () => jobTypes(sql),

    /**
     * Changes the status of those jobs that have not changed since the command read them. Returns the ids of the
     * changed jobs, and the message with the events of these changes, which the caller publishes.
     */
    async move(
      moves: readonly CommandMove[],
    ): Promise<{ done: Set<string>; message: OutboxMessage | undefined }> {
      const steps = moves.map(({ step }) => step);
      const writing = write(steps);
      const given = unnestSql(sql, "i", {
        id: ["uuid", steps.map((s) => s.jobId)],
        seen: ["int", moves.map(({ job }) => job.sequence)],
        was: ["word", moves.map(({ job }) => job.status)],
        status: ["word", steps.map((s) => s.to)],
        sequence: ["int", steps.map((s) => s.sequence)],
        run: ["int", steps.map((s) => s.run)],
        at: ["timestamptz", steps.map((s) => s.at)],
      });
      const [row] = await sql<{ done: string | null; sent: string | null }[]>`
        with done as (
          update jobs j
          set status = i.status, sequence = i.sequence, run = i.run, updated_at = i.at, cancel_requested = false,
              finished_at = case when i.status = 'CANCELLED' then i.at end,
              tries = case when i.run > j.run then 0 else j.tries end,
              losses = case when i.run > j.run then 0 else j.losses end,
              run_at = case when i.run > j.run then least(i.at, now()) else j.run_at end, due = true,
              error = case when i.run > j.run then null else j.error end,
              result = null, progress = null
          from ${given}
          where j.id = i.id and j.sequence = i.seen and j.status = i.was
          returning j.id
        ),
        revived as (
          update dead_letters d set replays = d.replays + 1, replayed_at = now(), replayed_as = d.job_id,
            replay_request = null, replay_reply = null
          from done where d.id = done.id and d.kind = 'job' and d.replayed_at is null
        ),
        ${writing.sql(sql)}
        select (select string_agg(id::text, ',') from done) as done, (select id from sent) as sent`;
      const done = idsOf(row?.done);
      return {
        done,
        message: writing.message(
          row?.sent,
          steps.filter(({ jobId }) => done.has(jobId)),
        ),
      };
    },

    /** Requests cancellation of running jobs and notifies their workers. Returns the ids of the jobs still running. */
    async requestCancel(ids: readonly string[]): Promise<Set<string>> {
      const rows = await sql<{ id: string }[]>`
        with requested as (
          update jobs set cancel_requested = true
          where id = any(${plainArray(ids)}::uuid[]) and status = 'EXECUTING' returning id
        )
        select id, pg_notify('observatory_cancel', id::text) from requested`;
      return new Set(rows.map((row) => row.id));
    },

    /** Returns whether a command has already changed a job. */
    async wasMovedBy(jobId: string, commandId: string): Promise<boolean> {
      const rows = await sql`
        select from explicit_transitions where job_id = ${jobId} and detail->>'commandId' = ${commandId} limit 1`;
      return rows.length > 0;
    },

    /**
     * Returns how many live workers run a type at this version or a newer one, how many of its jobs wait, and whether
     * the store has jobs of the type or has paused it.
     */
    async typeStatus(type: string, version: number) {
      const [row] = await sql<{ workers: number; waiting: number; seen: boolean }[]>`
        with ${knownTypesSql(sql)}
        select coalesce((select workers from known where type = ${type} and rank >= ${version}), 0) as workers,
          (select coalesce(sum(jobs), 0)::float8 from job_counts
            where type = ${type} and status in ('VALIDATED', 'SCHEDULED', 'RETRYING')) as waiting,
          exists (select from jobs where type = ${type})
            or exists (select from paused_types where type = ${type}) as seen`;
      if (!row) throw new Error("an aggregate has no row");
      return row;
    },

    /** Filters `types` to those that no live worker runs. */
    async withoutWorker(types: readonly string[]): Promise<string[]> {
      const rows = await sql<{ type: string }[]>`
        with ${knownTypesSql(sql)}
        select type from unnest(${plainArray(types)}::text[]) as type
        where type not in (select type from known) order by 1`;
      return rows.map((row) => row.type);
    },

    /** Pauses or resumes a type; returns whether that changed anything. */
    async setPaused(type: string, paused: boolean): Promise<boolean> {
      const rows = paused
        ? await sql`insert into paused_types (type) values (${type}) on conflict do nothing returning type`
        : await sql`delete from paused_types where type = ${type} returning type`;
      await sql`select pg_notify('observatory_paused', ${type})`;
      return rows.length > 0;
    },

    async paused(): Promise<string[]> {
      return (await sql<{ type: string }[]>`select type from paused_types`).map((row) => row.type);
    },
  };
}
export type CommandStore = ReturnType<typeof createCommandStore>;
