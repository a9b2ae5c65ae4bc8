import { plainArray, type Sql } from "../../shared/postgres.ts";
import { type Columns, unnestSql } from "../../shared/unnest-sql.ts";
import { type ClaimRequest, claimCtes, claimUpdate, neverSort } from "./claim-sql.ts";
import type { Conclusion } from "./conclude.ts";
import type { Historian } from "./history.ts";
import { idsOf, type OutboxMessage, type WriteHistory } from "./history-sql.ts";
import type { ClaimedJob, EndedAttempt } from "./job.ts";
import { claimedColumns } from "./job-columns-sql.ts";
import type { KnownTypes } from "./known-types.ts";
import { type Claimed, type ClaimRow, recordStarts } from "./record-starts-sql.ts";

/** A claim to be made by the same statement that records finished attempts. */
export type PiggybackRequest = Omit<ClaimRequest, "policies">;

interface Ended {
  readonly doneEntries: string | null;
  readonly sent: string | null;
}

/** A finished attempt, and the conclusion: what happens to its job next. */
export interface EndEntry {
  readonly ended: EndedAttempt;
  readonly conclusion: Conclusion;
}

/**
 * Matches the job `j` of each entry `i`, if the entry's worker still holds the job for the same attempt. The condition
 * is written so that PostgreSQL must look up each job by id. Otherwise, it might plan the statement while there are few
 * jobs, when reading all of them looks cheaper, and keep that plan. `= any` forces the lookup by id; the concatenation
 * and `coalesce` keep PostgreSQL from using the indexes on executing jobs and on jobs with a worker.
 */
const isHeld = (sql: Sql) => sql`
  j.id = any(array[i.id]) and j.status || '' = 'EXECUTING' and j.attempt = i.attempt
  and coalesce(j.worker_id, '') = i.worker_id`;

type End = Conclusion & EndedAttempt & { readonly entry: number };

const endColumns = (ends: readonly End[]): Columns => ({
  entry: ["int", ends.map((e) => e.entry)],
  id: ["uuid", ends.map((e) => e.job.id)],
  attempt: ["int", ends.map((e) => e.job.attempt)],
  worker_id: ["text", ends.map((e) => e.job.workerId)],
  status: ["word", ends.map((e) => e.status)],
  sequence: ["int", ends.map((e) => e.steps.at(-1)?.sequence ?? 0)],
  tries: ["int", ends.map((e) => e.tries)],
  losses: ["int", ends.map((e) => e.losses)],
  run_at: ["timestamptz", ends.map((e) => e.runAt)],
  result: ["json", ends.map((e) => (e.ending.outcome === "succeeded" ? e.ending.result : null))],
  error: ["json", ends.map((e) => (e.error ? JSON.stringify(e.error) : null))],
  finished_at: ["timestamptz", ends.map((e) => e.at)],
  duration_ms: ["float8", ends.map((e) => e.durationMs)],
  outcome: ["word", ends.map((e) => e.ending.outcome)],
  attempt_error: ["json", ends.map((e) => ("error" in e.ending ? JSON.stringify(e.ending.error) : null))],
  logs: ["json", ends.map((e) => e.logs)],
  ended_event_id: ["uuid", ends.map(impliedEventId)],
});

const deadColumns = (dead: readonly End[]): Columns => ({
  entry: ["int", dead.map((e) => e.entry)],
  id: ["uuid", dead.map((e) => e.job.id)],
  detail: ["text", dead.map((e) => e.error?.message ?? "")],
  died_at: ["timestamptz", dead.map((e) => e.at)],
  body: ["text", dead.map((e) => JSON.stringify({ type: e.job.type, payload: e.job.payload }))],
});

/**
 * Returns the event id of the job's final transition if both that transition and the attempt can be derived from the
 * job's row and thus need no rows of their own; otherwise null.
 */
const impliedEventId = ({ steps }: Conclusion) => steps.find(({ implied }) => implied)?.eventId ?? null;

/**
 * Creates the statements about attempts: saving their progress, recording their outcomes, and finding the jobs that a
 * worker holds.
 */
export function createAttemptStore(sql: Sql, history: Historian, write: WriteHistory, known: KnownTypes) {
  return {
    /**
     * Records how attempts ended, and returns the indexes of the `entries` it wrote. It writes an entry only while the
     * same worker still holds the job for the same attempt, so a worker that was presumed dead cannot overwrite its
     * successor, even if one batch contains outcomes from both. It also skips an entry that would retry or fail a job
     * whose cancellation has been requested; the caller then concludes that attempt again, taking the cancellation into
     * account.
     *
     * With `claim`, the same statement also claims due jobs, at most one for each attempt it recorded. Each of the
     * worker's slots thus passes from one job to the next in a single commit, and the worker never holds more jobs than
     * before.
     */
    async finish(
      entries: readonly EndEntry[],
      claim?: PiggybackRequest,
    ): Promise<{ done: Set<number>; message: OutboxMessage | undefined; claimed: Claimed }> {
      if (!claim) return finishOn(sql, entries);
      return sql.begin(async (transaction) => {
        const tx = transaction as unknown as Sql;
        const [, finished] = await Promise.all([neverSort(tx), finishOn(tx, entries, claim)]);
        return finished;
      });
    },

    /** Saves the progress of running jobs; `progress` is JSON. */
    async saveProgress(entries: readonly { job: ClaimedJob; progress: string }[]): Promise<void> {
      await sql`
        update jobs j set progress = i.progress::jsonb
        from ${unnestSql(sql, "i", {
          id: ["uuid", entries.map((e) => e.job.id)],
          attempt: ["int", entries.map((e) => e.job.attempt)],
          worker_id: ["text", entries.map((e) => e.job.workerId)],
          progress: ["json", entries.map((e) => e.progress)],
        })}
        where ${isHeld(sql)}`;
    },

    /** Filters `ids` to the jobs this worker holds. */
    async heldBy(workerId: string, ids: readonly string[]): Promise<ClaimedJob[]> {
      const rows = await sql<Omit<ClaimedJob, "status">[]>`
        select ${claimedColumns(sql)} from jobs j
        where j.status = 'EXECUTING' and j.worker_id = ${workerId} and j.id = any(${plainArray(ids)}::uuid[])`;
      return rows.map((row) => ({ ...row, status: "EXECUTING" as const }));
    },

    /** Returns jobs held by workers that are lost or stopped. */
    async heldByLost(limit: number): Promise<ClaimedJob[]> {
      const rows = await sql<Omit<ClaimedJob, "status">[]>`
        select ${claimedColumns(sql)} from jobs j
        join workers w on w.id = j.worker_id and w.state in ('lost', 'stopped')
        where j.status = 'EXECUTING' limit ${limit}`;
      return rows.map((row) => ({ ...row, status: "EXECUTING" as const }));
    },
  };

  /** Runs the statement behind `finish`. With `claim`, `on` must be a transaction. */
  async function finishOn(on: Sql, entries: readonly EndEntry[], claim?: PiggybackRequest) {
    const claiming = claim
      ? on`, ${claimCtes(on, { ...claim, policies: known.policies }, on`(select count(*)::int from done)`)},
            claimed as (${claimUpdate(on, claim.workerId)})`
      : on``;
    const ends = entries.map(({ ended, conclusion }, entry) => ({ ...ended, ...conclusion, entry }));
    const steps = ends.flatMap(({ steps, entry }) => steps.map((step) => ({ step, entry })));
    const writing = write(
      steps.map(({ step }) => step),
      steps.map(({ entry }) => entry),
    );
    const rows = await on<(Ended & Partial<ClaimRow>)[]>`
        with recursive input as (
          select * from ${unnestSql(on, "i", endColumns(ends))}
        ),
        done as (
          update jobs j
          set status = i.status, sequence = i.sequence, tries = i.tries, losses = i.losses,
              run_at = coalesce(
                case when i.run_at <= i.finished_at then least(i.run_at, now()) else i.run_at end, j.run_at),
              due = coalesce(i.run_at <= greatest(i.finished_at, now()), true),
              result = i.result::jsonb, error = i.error::jsonb, duration_ms = i.duration_ms, updated_at = i.finished_at,
              finished_at = case when i.run_at is null then i.finished_at end, cancel_requested = false,
              ended_event_id = i.ended_event_id,
              implied = case when i.ended_event_id is null then j.implied else j.implied | 8 end,
              logs = case when i.ended_event_id is not null then nullif(i.logs, '[]')::jsonb end
          from input i
          where ${isHeld(on)}
            and (i.status in ('COMPLETED', 'CANCELLED') or not j.cancel_requested)
          returning i.entry, j.id, j.run, j.started_at, j.queue_wait_ms
        ),
        ended as (
          insert into explicit_attempts (job_id, attempt, run, worker_id, outcome, started_at, finished_at, duration_ms,
            queue_wait_ms, error, logs)
          select i.id, i.attempt, done.run, i.worker_id, i.outcome, done.started_at, i.finished_at, i.duration_ms,
            done.queue_wait_ms, i.attempt_error::jsonb, i.logs::jsonb
          from input i join done on done.entry = i.entry
          where i.ended_event_id is null
        ),
        buried as (
          insert into dead_letters (id, kind, reason, detail, service, queue, died_at, body, job_id)
          select d.id, 'job', 'OUT_OF_TRIES', d.detail, 'processor', 'jobs.created', d.died_at,
            convert_to(d.body, 'UTF8'), d.id
          from ${unnestSql(on, "d", deadColumns(ends.filter(({ status }) => status === "FAILED")))}
          join done on done.entry = d.entry
          on conflict (id) do update set detail = excluded.detail, died_at = excluded.died_at, replayed_at = null,
            replayed_as = null, dropped_at = null, replay_request = null, replay_reply = null
        ),
        ${writing.sql(on)}
        ${claiming}
        select (select string_agg(entry::text, ',') from done) as "doneEntries", (select id from sent) as sent
          ${claim ? on`, claimed.* from (select) one left join claimed on true` : on``}`;
    const [row] = rows;
    const done = new Set(Array.from(idsOf(row?.doneEntries), Number));
    const written = steps.filter(({ entry }) => done.has(entry)).map(({ step }) => step);
    const started = rows.filter((one): one is Ended & ClaimRow => typeof one.id === "string");
    const claims = started.map(({ doneEntries, sent, ...row }) => row);
    return {
      done,
      message: writing.message(row?.sent, written),
      claimed: await recordStarts(on, history, write, claims),
    };
  }
}
export type AttemptStore = ReturnType<typeof createAttemptStore>;
