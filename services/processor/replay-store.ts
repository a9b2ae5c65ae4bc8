import type { Sql } from "../../shared/postgres.ts";
import type { CommandJob } from "./command-store.ts";
import type { ReplayRecord } from "./dead-letter-store.ts";
import type { Step } from "./history.ts";
import { idsOf, type OutboxMessage, type WriteHistory } from "./history-sql.ts";
import { storableJson } from "./storable-json.ts";

/**
 * A rejected job with the values from its replayed message. If `maxAttempts` or `deadlineMs` is null, the job type's
 * policy applies.
 */
export interface Rerun {
  readonly job: CommandJob;
  readonly step: Step;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly priority: number;
  readonly maxAttempts: number | null;
  readonly deadlineMs: number | null;
  readonly typeVersion: number | null;
  readonly runAt: Date;
}

export function createReplayStore(sql: Sql, write: WriteHistory) {
  return {
    /**
     * In one statement, starts a new run of a rejected job with the values from its replayed dead letter, and marks the
     * dead letter as replayed. `done` is false if the job has changed since it was read.
     */
    async rerun(
      { job, step, payload, metadata, priority, maxAttempts, deadlineMs, typeVersion, runAt }: Rerun,
      letterId: string,
      { request, reply }: ReplayRecord,
    ): Promise<{ done: boolean; message: OutboxMessage | undefined }> {
      const json = (value: unknown) => (value === null ? null : storableJson(JSON.stringify(value)));
      const writing = write([step]);
      const [row] = await sql<{ done: string | null; sent: string | null }[]>`
        with done as (
          update jobs j
          set status = ${step.to}, sequence = ${step.sequence}, run = ${step.run}, updated_at = ${step.at},
              payload = ${json(payload)}::text::jsonb, metadata = ${json(metadata)}::text::jsonb,
              priority = ${priority}, max_attempts = ${maxAttempts}, deadline_ms = ${deadlineMs},
              base_ms = null, cap_ms = null, type_version = ${typeVersion}, run_at = ${runAt}, due = ${runAt} <= now(),
              finished_at = null, cancel_requested = false, tries = 0, losses = 0,
              error = null, result = null, progress = null
          where j.id = ${job.id} and j.sequence = ${job.sequence} and j.status = 'REJECTED'
          returning j.id
        ),
        replayed as (
          update dead_letters d
          set replays = replays + 1, replayed_at = now(), replayed_as = d.job_id,
              replay_request = ${request}, replay_reply = ${JSON.stringify(reply)}::text::jsonb
          from done where d.id = ${letterId}
        ),
        ${writing.sql(sql)}
        select (select string_agg(id::text, ',') from done) as done, (select id from sent) as sent`;
      const done = idsOf(row?.done);
      return { done: done.size > 0, message: writing.message(row?.sent) };
    },
  };
}
export type ReplayStore = ReturnType<typeof createReplayStore>;
