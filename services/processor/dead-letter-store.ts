import type { ReplayReply } from "../../contracts/api-commands.ts";
import type { DeadLetterReason, RefusedMessage } from "../../contracts/dead-letter.ts";
import { rehearse, type Sql } from "../../shared/postgres.ts";
import { unnestSql } from "../../shared/unnest-sql.ts";

export interface DeadLetterRow {
  readonly id: string;
  readonly kind: "message" | "job";
  readonly queue: string;
  readonly body: Buffer;
  readonly jobId: string | null;
  readonly reason: DeadLetterReason;
  readonly replays: number;
  readonly diedAt: Date;
  /** Whether the dead letter was replayed, and its job or message has not become a dead letter again since. */
  readonly replayed: boolean;
  /** A hash of the replay request, and the reply that it received. */
  readonly replayRequest: string | null;
  readonly replayReply: ReplayReply | null;
}

/** The replay recorded with a dead letter: a hash of the request, and the reply. */
export interface ReplayRecord {
  readonly request: string;
  readonly reply: ReplayReply;
}

export function createDeadLetterStore(sql: Sql) {
  const stillDead = sql`dead_letters.queue = 'jobs.created' and dead_letters.replayed_at is null`;

  return {
    /**
     * Files each refused message once. A message that was refused on both of its queues is filed under `jobs.created`,
     * because a replay there reaches both queues again. If a message is refused again after a replay, its dead letter
     * is reopened. That it was refused again is recognized by its later time of refusal; the time of the replay cannot
     * be used for this, because it comes from another clock.
     */
    async file(messages: readonly RefusedMessage[]): Promise<void> {
      const letters = unnestSql(sql, "i", {
        id: ["uuid", messages.map((m) => m.id)],
        reason: ["text", messages.map((m) => m.reason)],
        detail: ["text", messages.map((m) => m.detail.toWellFormed().replaceAll("\u0000", "\ufffd"))],
        service: ["text", messages.map((m) => m.service)],
        queue: ["text", messages.map((m) => m.queue)],
        died_at: ["timestamptz", messages.map((m) => m.refusedAt)],
        body: ["text", messages.map((m) => m.original)],
        job_id: ["uuid", messages.map((m) => m.jobId ?? null)],
        event_id: ["uuid", messages.map((m) => m.eventId ?? null)],
      });
      await sql`
        insert into dead_letters (id, kind, reason, detail, service, queue, died_at, body, job_id, event_id)
        select i.id, 'message', i.reason, i.detail, i.service, i.queue, i.died_at, decode(i.body, 'base64'),
          i.job_id, i.event_id
        from ${letters}
        on conflict (id) do update
          set queue = case when ${stillDead} then dead_letters.queue else excluded.queue end,
              service = case when ${stillDead} then dead_letters.service else excluded.service end,
              detail = case when ${stillDead} then dead_letters.detail else excluded.detail end,
              died_at = greatest(dead_letters.died_at, excluded.died_at),
              replayed_at = null, replayed_as = null, replay_request = null, replay_reply = null
          where excluded.queue = 'jobs.created' and dead_letters.queue <> 'jobs.created'
            or excluded.died_at > dead_letters.died_at`;
    },

    /** Tries to file a message, then rolls back. Rejects if the store cannot file messages now. */
    async rehearse(message: RefusedMessage): Promise<void> {
      await rehearse(sql, (tx) => createDeadLetterStore(tx).file([message]));
    },

    async get(id: string): Promise<DeadLetterRow | undefined> {
      const [row] = await sql<DeadLetterRow[]>`
        select id, kind, queue, body, job_id as "jobId", reason, replays, died_at as "diedAt",
          replayed_at is not null as replayed, replay_request as "replayRequest", replay_reply as "replayReply"
        from dead_letters where id = ${id} and dropped_at is null`;
      return row;
    },

    /**
     * Marks a dead letter as replayed if it has not changed since it was read. Of two concurrent replays, only the first
     * counts. If the message or job became a dead letter again in the meantime, the dead letter remains open.
     */
    async markReplayed(
      { id, replays, diedAt }: Pick<DeadLetterRow, "id" | "replays" | "diedAt">,
      { request, reply }: ReplayRecord,
    ): Promise<void> {
      await sql`
        update dead_letters set replays = replays + 1, replayed_at = now(), replayed_as = ${reply.jobId ?? null},
          replay_request = ${request}, replay_reply = ${JSON.stringify(reply)}::text::jsonb
        where id = ${id} and replays = ${replays} and died_at < ${diedAt}::timestamptz + interval '1 millisecond'`;
    },

    /**
     * Hides a dead letter permanently. Returns false if it does not exist or is already hidden. Its row stays, because
     * the ledger still accounts for it.
     */
    async drop(id: string): Promise<boolean> {
      const rows =
        await sql`update dead_letters set dropped_at = now() where id = ${id} and dropped_at is null returning id`;
      return rows.length > 0;
    },
  };
}
export type DeadLetterStore = ReturnType<typeof createDeadLetterStore>;
