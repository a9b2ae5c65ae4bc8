import type { RefusedMessage } from "../../contracts/dead-letter.ts";
import { plainArray, rehearse, type Sql, textArray } from "../../shared/postgres.ts";

export interface DeadLetterRow {
  readonly id: string;
  readonly kind: "message" | "job";
  readonly queue: string;
  readonly body: Buffer;
  readonly jobId: string | null;
}

export function createDeadLetterStore(sql: Sql) {
  return {
    /**
     * File refused messages, each once. One that broke on both queues it came to is filed under `jobs.created`: replayed
     * there it reaches both again.
     */
    async file(messages: readonly RefusedMessage[]): Promise<void> {
      await sql`
        insert into dead_letters (id, kind, reason, detail, service, queue, died_at, body, job_id, event_id)
        select i.id, 'message', i.reason, i.detail, i.service, i.queue, i.died_at, decode(i.body, 'base64'), i.job_id, i.event_id
        from unnest(
          ${plainArray(messages.map((m) => m.id))}::uuid[], ${textArray(messages.map((m) => m.reason))}::text[],
          ${textArray(messages.map((m) => m.detail.toWellFormed().replaceAll("\u0000", "\ufffd")))}::text[], ${textArray(messages.map((m) => m.service))}::text[],
          ${textArray(messages.map((m) => m.queue))}::text[], ${plainArray(messages.map((m) => m.refusedAt))}::timestamptz[],
          ${textArray(messages.map((m) => m.original))}::text[], ${plainArray(messages.map((m) => m.jobId ?? null))}::uuid[],
          ${plainArray(messages.map((m) => m.eventId ?? null))}::uuid[]
        ) as i (id, reason, detail, service, queue, died_at, body, job_id, event_id)
        on conflict (id) do update set queue = excluded.queue, service = excluded.service, detail = excluded.detail
          where excluded.queue = 'jobs.created' and dead_letters.queue <> 'jobs.created'`;
    },

    /** Files a message and takes it back. Rejects when the store does not take one now. */
    async rehearse(message: RefusedMessage): Promise<void> {
      await rehearse(sql, (tx) => createDeadLetterStore(tx).file([message]));
    },

    async get(id: string): Promise<DeadLetterRow | undefined> {
      const [row] = await sql<DeadLetterRow[]>`
        select id, kind, queue, body, job_id as "jobId" from dead_letters where id = ${id} and dropped_at is null`;
      return row;
    },

    async markReplayed(id: string, replayedAs: string | null): Promise<void> {
      await sql`
        update dead_letters set replays = replays + 1, replayed_at = now(), replayed_as = ${replayedAs} where id = ${id}`;
    },

    /** Hide a dead letter for good; false when there is none. Its row stays, so that the ledger can account for it. */
    async drop(id: string): Promise<boolean> {
      const rows =
        await sql`update dead_letters set dropped_at = now() where id = ${id} and dropped_at is null returning id`;
      return rows.length > 0;
    },
  };
}
export type DeadLetterStore = ReturnType<typeof createDeadLetterStore>;
