import type { JobStatus } from "../../contracts/job.ts";
import { jsonLines, plainArray, type Sql, textArray } from "../../shared/postgres.ts";
import type { Conclusion } from "./conclude.ts";
import { after, type Historian } from "./history.ts";
import type { ClaimedJob, EndedAttempt } from "./job.ts";
import type { KnownTypes } from "./known-types.ts";
import { idsOf, type OutboxMessage, outboxMessage, stepsSql } from "./steps-sql.ts";

interface ClaimRow extends Omit<ClaimedJob, "status"> {
  readonly was: JobStatus;
}

/** An attempt that ended, and what becomes of its job. */
export interface EndEntry {
  readonly ended: EndedAttempt;
  readonly conclusion: Conclusion;
}

const CLAIMED_COLUMNS = (sql: Sql) => sql`
  j.id, j.type, j.sequence, j.run, j.attempt, j.correlation_id as "correlationId", j.traceparent, j.payload,
  j.worker_id as "workerId", j.tries, j.losses, j.max_attempts as "maxAttempts", j.base_ms as "baseMs",
  j.cap_ms as "capMs", j.deadline_ms as "deadlineMs", j.created_at as "createdAt", j.started_at as "startedAt",
  j.queue_wait_ms as "queueWaitMs", j.cancel_requested as "cancelRequested", j.updated_at as "updatedAt"`;

/**
 * Of a job that is looked for by its id. As an expression, because the planner would otherwise take the index of all
 * that execute, and compare each of a batch with each of those.
 */
const stillExecuting = (sql: Sql) => sql`j.status || '' = 'EXECUTING'`;

/** The statements of running jobs: claim, progress, end. */
export function createRunStore(sql: Sql, history: Historian, known: KnownTypes) {
  return {
    /**
     * Claims at most `limit` due jobs of types that this processor knows, best first: priority, then age; of a type that
     * `room` names, at most so many. A job without a policy gets that of its type. A worker that was presumed dead claims
     * nothing until it has registered again. The `job.started` of the jobs is in the outbox with them.
     */
    async claim(
      workerId: string,
      limit: number,
      now: Date,
      room: Readonly<Record<string, number>> = {},
    ): Promise<{ jobs: ClaimedJob[]; message: OutboxMessage | undefined }> {
      return sql.begin(async (transaction) => {
        const tx = transaction as unknown as Sql;
        const rows = await tx<ClaimRow[]>`
          with known as materialized (
            select ${known.policies}::text::jsonb as types, ${JSON.stringify(room)}::text::jsonb as room
          ),
          best as (
            select id, status, type, priority, run_at from jobs
            where status in ('VALIDATED', 'SCHEDULED', 'RETRYING') and run_at <= ${now}
              and type not in (select type from paused_types)
              and ((select types from known) -> type -> 'version')::int >= coalesce(type_version, 0)
              and coalesce(((select room from known) -> type)::int, 1) > 0
              and exists (select from workers where id = ${workerId} and state in ('alive', 'stopping'))
            order by priority desc, run_at
            limit ${limit}
            for update skip locked
          ),
          due as (
            select id, status
            from (select b.*, row_number() over (partition by type order by priority desc, run_at) as place from best b) b
            where place <= coalesce(((select room from known) -> type)::int, place)
          )
          update jobs j
          set status = 'EXECUTING', sequence = j.sequence + 1, attempt = j.attempt + 1, worker_id = ${workerId},
              started_at = greatest(${now}::timestamptz, j.updated_at), updated_at = greatest(${now}::timestamptz, j.updated_at),
              finished_at = null, progress = null, queue_wait_ms = extract(epoch from ${now}::timestamptz - j.run_at) * 1000,
              max_attempts = coalesce(j.max_attempts, ((select types from known) -> j.type -> 'maxAttempts')::int),
              base_ms = coalesce(j.base_ms, ((select types from known) -> j.type -> 'baseMs')::int),
              cap_ms = coalesce(j.cap_ms, ((select types from known) -> j.type -> 'capMs')::int),
              deadline_ms = coalesce(j.deadline_ms, ((select types from known) -> j.type -> 'deadlineMs')::int)
          from due where j.id = due.id
          returning ${CLAIMED_COLUMNS(tx)}, due.status as was`;
        if (rows.length === 0) return { jobs: [], message: undefined };

        const claimed = rows.map(({ was, ...job }) => {
          const started = history.move(
            { ...job, status: was },
            "EXECUTING",
            "job.started",
            { workerId, queueWaitMs: job.queueWaitMs },
            job.startedAt,
            { detail: { workerId } },
          );
          return { job: after({ ...job, status: "EXECUTING" as const }, started), started };
        });
        const steps = claimed.map(({ started }) => started);
        const [written] = await tx<{ sent: string }[]>`
          with done as (
            select unnest(${plainArray(steps.map((s) => s.jobId))}::uuid[]) as id
          ), ${stepsSql(tx, steps)}
          select id as sent from sent`;
        const jobs = claimed.map(({ job }) => job);
        return {
          jobs,
          message: outboxMessage(written?.sent ?? null, steps, new Set(jobs.map((job) => job.id))),
        };
      });
    },

    /**
     * Writes how attempts ended, and returns the places in `entries` of those that were written. An entry is written only
     * while its job is held under that very attempt and worker: a worker that was presumed dead cannot overwrite its
     * successor, also when one batch has the ends of both. It is not written either when a person asked to cancel the
     * job and the entry says otherwise; the caller then concludes again. Only a success is kept in spite of that.
     */
    async finish(
      entries: readonly EndEntry[],
    ): Promise<{ done: Set<number>; message: OutboxMessage | undefined }> {
      const ends = entries.map(({ ended, conclusion }, entry) => ({ ...ended, ...conclusion, entry }));
      const steps = ends.flatMap(({ steps, entry }) => steps.map((step) => ({ step, entry })));
      const dead = ends.filter(({ status }) => status === "FAILED");
      const [row] = await sql<{ done: string | null; sent: string | null }[]>`
        with input as (
          select * from unnest(
            ${plainArray(ends.map((e) => e.entry))}::int[], ${plainArray(ends.map((e) => e.job.id))}::uuid[],
            ${plainArray(ends.map((e) => e.job.attempt))}::int[], ${textArray(ends.map((e) => e.job.workerId))}::text[],
            ${plainArray(ends.map((e) => e.status))}::text[], ${plainArray(ends.map((e) => e.steps.at(-1)?.sequence ?? 0))}::int[],
            ${plainArray(ends.map((e) => e.tries))}::int[], ${plainArray(ends.map((e) => e.losses))}::int[],
            ${plainArray(ends.map((e) => e.runAt))}::timestamptz[],
            string_to_array(${jsonLines(ends.map((e) => (e.ending.outcome === "succeeded" ? e.ending.result : null)))}, E'\\n', ''),
            string_to_array(${jsonLines(ends.map((e) => (e.error ? JSON.stringify(e.error) : null)))}, E'\\n', ''),
            ${plainArray(ends.map((e) => e.at))}::timestamptz[], ${plainArray(ends.map((e) => e.durationMs))}::float8[],
            ${plainArray(ends.map((e) => e.ending.outcome))}::text[],
            string_to_array(${jsonLines(ends.map((e) => ("error" in e.ending ? JSON.stringify(e.ending.error) : null)))}, E'\\n', ''),
            string_to_array(${jsonLines(ends.map((e) => e.logs))}, E'\\n', '')
          ) as i (entry, id, attempt, worker_id, status, sequence, tries, losses, run_at, result, error, finished_at, duration_ms,
                  outcome, attempt_error, logs)
        ),
        done as (
          update jobs j
          set status = i.status, sequence = i.sequence, tries = i.tries, losses = i.losses, run_at = coalesce(i.run_at, j.run_at),
              result = i.result::jsonb, error = i.error::jsonb, duration_ms = i.duration_ms, updated_at = i.finished_at,
              finished_at = case when i.run_at is null then i.finished_at end, cancel_requested = false
          from input i
          where j.id = i.id and ${stillExecuting(sql)} and j.attempt = i.attempt and j.worker_id = i.worker_id
            and (i.status in ('COMPLETED', 'CANCELLED') or not j.cancel_requested)
          returning i.entry, j.id, j.run, j.started_at, j.queue_wait_ms
        ),
        ended as (
          insert into job_attempts (job_id, attempt, run, worker_id, outcome, started_at, finished_at, duration_ms, queue_wait_ms, error, logs)
          select i.id, i.attempt, done.run, i.worker_id, i.outcome, done.started_at, i.finished_at, i.duration_ms, done.queue_wait_ms,
            i.attempt_error::jsonb, i.logs::jsonb
          from input i join done on done.entry = i.entry
        ),
        buried as (
          insert into dead_letters (id, kind, reason, detail, service, queue, died_at, body, job_id)
          select d.id, 'job', 'OUT_OF_TRIES', d.detail, 'processor', 'jobs.created', d.died_at, convert_to(d.body, 'UTF8'), d.id
          from unnest(
            ${plainArray(dead.map((e) => e.entry))}::int[], ${plainArray(dead.map((e) => e.job.id))}::uuid[],
            ${textArray(dead.map((e) => e.error?.message ?? ""))}::text[], ${plainArray(dead.map((e) => e.at))}::timestamptz[],
            ${textArray(dead.map((e) => JSON.stringify({ type: e.job.type, payload: e.job.payload })))}::text[]
          ) as d (entry, id, detail, died_at, body)
          join done on done.entry = d.entry
          on conflict (id) do update set detail = excluded.detail, died_at = excluded.died_at, replayed_at = null, replayed_as = null, dropped_at = null,
            replay_request = null, replay_reply = null
        ),
        ${stepsSql(
          sql,
          steps.map(({ step }) => step),
          steps.map(({ entry }) => entry),
        )}
        select (select string_agg(entry::text, ',') from done) as done, (select id from sent) as sent`;
      const done = new Set(Array.from(idsOf(row?.done), Number));
      const written = steps.filter(({ entry }) => done.has(entry)).map(({ step }) => step);
      return { done, message: outboxMessage(row?.sent ?? null, written) };
    },

    /** Writes how far running jobs are; `progress` is JSON. */
    async saveProgress(entries: readonly { job: ClaimedJob; progress: string }[]): Promise<void> {
      await sql`
        update jobs j set progress = i.progress::jsonb
        from unnest(
          ${plainArray(entries.map((e) => e.job.id))}::uuid[], ${plainArray(entries.map((e) => e.job.attempt))}::int[],
          ${textArray(entries.map((e) => e.job.workerId))}::text[], string_to_array(${jsonLines(entries.map((e) => e.progress))}, E'\\n', '')
        ) as i (id, attempt, worker_id, progress)
        where j.id = i.id and ${stillExecuting(sql)} and j.attempt = i.attempt and j.worker_id = i.worker_id`;
    },

    /** Filters `ids` to the jobs this worker holds. */
    async heldBy(workerId: string, ids: readonly string[]): Promise<ClaimedJob[]> {
      const rows = await sql<Omit<ClaimedJob, "status">[]>`
        select ${CLAIMED_COLUMNS(sql)} from jobs j
        where j.status = 'EXECUTING' and j.worker_id = ${workerId} and j.id = any(${plainArray(ids)}::uuid[])`;
      return rows.map((row) => ({ ...row, status: "EXECUTING" as const }));
    },

    /** Jobs that workers held which are lost or stopped. */
    async heldByLost(limit: number): Promise<ClaimedJob[]> {
      const rows = await sql<Omit<ClaimedJob, "status">[]>`
        select ${CLAIMED_COLUMNS(sql)} from jobs j
        join workers w on w.id = j.worker_id and w.state in ('lost', 'stopped')
        where j.status = 'EXECUTING' limit ${limit}`;
      return rows.map((row) => ({ ...row, status: "EXECUTING" as const }));
    },
  };
}
export type RunStore = ReturnType<typeof createRunStore>;
