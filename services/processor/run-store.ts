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

const CLAIMED_COLUMNS = (sql: Sql) => sql`
  j.id, j.type, j.sequence, j.run, j.attempt, j.correlation_id as "correlationId", j.traceparent, j.payload,
  j.worker_id as "workerId", j.tries, j.losses, j.max_attempts as "maxAttempts", j.base_ms as "baseMs",
  j.cap_ms as "capMs", j.deadline_ms as "deadlineMs", j.created_at as "createdAt", j.started_at as "startedAt",
  j.queue_wait_ms as "queueWaitMs", j.cancel_requested as "cancelRequested"`;

/**
 * Of a job that is looked for by its id. As an expression, because the planner would otherwise take the index of all
 * that execute, and compare each of a batch with each of those.
 */
const stillExecuting = (sql: Sql) => sql`j.status || '' = 'EXECUTING'`;

/** The statements of running jobs: claim, progress, end. */
export function createRunStore(sql: Sql, history: Historian, known: KnownTypes) {
  return {
    /**
     * Claim at most `limit` due jobs of types that this processor knows, best first: priority, then age. A job without
     * a policy gets that of its type. Their `job.started` is in the outbox with them.
     */
    async claim(
      workerId: string,
      limit: number,
      now: Date,
    ): Promise<{ jobs: ClaimedJob[]; message: OutboxMessage | undefined }> {
      return sql.begin(async (transaction) => {
        const tx = transaction as unknown as Sql;
        const rows = await tx<ClaimRow[]>`
          with known as materialized (
            select ${known.policies}::text::jsonb as types
          ),
          due as (
            select id, status from jobs
            where status in ('VALIDATED', 'SCHEDULED', 'RETRYING') and run_at <= ${now}
              and type not in (select type from paused_types)
              and ((select types from known) -> type -> 'version')::int >= coalesce(type_version, 0)
            order by priority desc, run_at
            limit ${limit}
            for update skip locked
          )
          update jobs j
          set status = 'EXECUTING', sequence = j.sequence + 1, attempt = j.attempt + 1, worker_id = ${workerId}, started_at = ${now}, updated_at = ${now},
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
            now,
            {
              detail: { workerId },
            },
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
     * Write how attempts ended. A job that is not held any more under that attempt and worker is left alone: a worker
     * that was presumed dead cannot overwrite its successor. Gives the ids that were written.
     */
    async finish(
      entries: readonly { ended: EndedAttempt; conclusion: Conclusion }[],
    ): Promise<{ done: Set<string>; message: OutboxMessage | undefined }> {
      const steps = entries.flatMap(({ conclusion }) => conclusion.steps);
      const dead = entries.filter(({ conclusion }) => conclusion.status === "FAILED");
      const [row] = await sql<{ done: string | null; sent: string | null }[]>`
        with input as (
          select * from unnest(
            ${plainArray(entries.map((e) => e.ended.job.id))}::uuid[], ${plainArray(entries.map((e) => e.ended.job.attempt))}::int[],
            ${textArray(entries.map((e) => e.ended.job.workerId))}::text[], ${plainArray(entries.map((e) => e.conclusion.status))}::text[],
            ${plainArray(entries.map((e) => e.conclusion.steps.at(-1)?.sequence ?? 0))}::int[],
            ${plainArray(entries.map((e) => e.conclusion.tries))}::int[], ${plainArray(entries.map((e) => e.conclusion.losses))}::int[],
            ${plainArray(entries.map((e) => e.conclusion.runAt))}::timestamptz[],
            string_to_array(${jsonLines(entries.map((e) => (e.ended.ending.outcome === "succeeded" ? e.ended.ending.result : null)))}, E'\\n', ''),
            string_to_array(${jsonLines(entries.map((e) => (e.conclusion.error ? JSON.stringify(e.conclusion.error) : null)))}, E'\\n', ''),
            ${plainArray(entries.map((e) => e.ended.finishedAt))}::timestamptz[], ${plainArray(entries.map((e) => e.ended.durationMs))}::float8[],
            ${plainArray(entries.map((e) => e.ended.ending.outcome))}::text[], string_to_array(${jsonLines(entries.map((e) => e.ended.logs))}, E'\\n', '')
          ) as i (id, attempt, worker_id, status, sequence, tries, losses, run_at, result, error, finished_at, duration_ms, outcome, logs)
        ),
        done as (
          update jobs j
          set status = i.status, sequence = i.sequence, tries = i.tries, losses = i.losses, run_at = coalesce(i.run_at, j.run_at),
              result = i.result::jsonb, error = i.error::jsonb, duration_ms = i.duration_ms, updated_at = i.finished_at,
              finished_at = case when i.run_at is null then i.finished_at end, cancel_requested = false
          from input i
          where j.id = i.id and ${stillExecuting(sql)} and j.attempt = i.attempt and j.worker_id = i.worker_id
          returning j.id, j.run, j.started_at, j.queue_wait_ms
        ),
        ended as (
          insert into job_attempts (job_id, attempt, run, worker_id, outcome, started_at, finished_at, duration_ms, queue_wait_ms, error, logs)
          select i.id, i.attempt, done.run, i.worker_id, i.outcome, done.started_at, i.finished_at, i.duration_ms, done.queue_wait_ms, i.error::jsonb, i.logs::jsonb
          from input i join done on done.id = i.id
        ),
        buried as (
          insert into dead_letters (id, kind, reason, detail, service, queue, died_at, body, job_id)
          select d.id, 'job', 'OUT_OF_TRIES', d.detail, 'processor', 'jobs.created', d.died_at, convert_to(d.body, 'UTF8'), d.id
          from unnest(
            ${plainArray(dead.map((e) => e.ended.job.id))}::uuid[], ${textArray(dead.map((e) => e.conclusion.error?.message ?? ""))}::text[],
            ${plainArray(dead.map((e) => e.ended.finishedAt))}::timestamptz[],
            ${textArray(dead.map((e) => JSON.stringify({ type: e.ended.job.type, payload: e.ended.job.payload })))}::text[]
          ) as d (id, detail, died_at, body)
          join done on done.id = d.id
          on conflict (id) do update set detail = excluded.detail, died_at = excluded.died_at, replayed_at = null, replayed_as = null, dropped_at = null
        ),
        ${stepsSql(sql, steps)}
        select (select string_agg(id::text, ',') from done) as done, (select id from sent) as sent`;
      const done = idsOf(row?.done);
      return { done, message: outboxMessage(row?.sent ?? null, steps, done) };
    },

    /** Write how far running jobs are; `progress` is JSON. */
    async saveProgress(entries: readonly { job: ClaimedJob; progress: string }[]): Promise<void> {
      await sql`
        update jobs j set progress = i.progress::jsonb
        from unnest(
          ${plainArray(entries.map((e) => e.job.id))}::uuid[], ${plainArray(entries.map((e) => e.job.attempt))}::int[],
          ${textArray(entries.map((e) => e.job.workerId))}::text[], string_to_array(${jsonLines(entries.map((e) => e.progress))}, E'\\n', '')
        ) as i (id, attempt, worker_id, progress)
        where j.id = i.id and ${stillExecuting(sql)} and j.attempt = i.attempt and j.worker_id = i.worker_id`;
    },

    /** Of these jobs, those that run in the name of this worker. */
    async heldBy(workerId: string, ids: readonly string[]): Promise<ClaimedJob[]> {
      const rows = await sql<Omit<ClaimedJob, "status">[]>`
        select ${CLAIMED_COLUMNS(sql)} from jobs j
        where j.status = 'EXECUTING' and j.worker_id = ${workerId} and j.id = any(${plainArray(ids)}::uuid[])`;
      return rows.map((row) => ({ ...row, status: "EXECUTING" as const }));
    },

    /** Jobs that are still held in the name of workers that are gone. */
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
