import { plainArray, type Sql } from "../../shared/postgres.ts";

/**
 * The age at which a row counts as abandoned. A younger row is probably still being published by the process that wrote
 * it.
 */
const LEFT_BEHIND = "5 seconds";

export function createOutboxStore(sql: Sql) {
  return {
    async remove(ids: readonly string[]): Promise<void> {
      await sql`delete from outbox where id = any(${plainArray(ids)}::bigint[])`;
    },

    /** Returns the age of the oldest message in seconds; 0 if the outbox is empty. */
    async oldestSeconds(): Promise<number> {
      const [row] = await sql<{ seconds: number }[]>`
        select coalesce(extract(epoch from clock_timestamp() - min(created_at)), 0)::float8 as seconds from outbox`;
      return Math.max(0, row?.seconds ?? 0);
    },

    /** Passes the oldest abandoned messages to `publish`, and deletes them once it resolves. Returns their number. */
    async sweep(publish: (bodies: readonly Uint8Array[]) => Promise<void>): Promise<number> {
      const count = await sql.begin(async (tx) => {
        const rows = await tx<{ id: string; body: Uint8Array }[]>`
          select id, coalesce(message, convert_to(body, 'UTF8')) as body from outbox
          where created_at < now() - ${LEFT_BEHIND}::interval
          order by id limit 100
          for update skip locked`;
        if (rows.length === 0) return 0;
        await publish(rows.map((row) => row.body));
        await tx`delete from outbox where id = any(${plainArray(rows.map((row) => row.id))}::bigint[])`;
        return rows.length;
      });
      return Number(count);
    },
  };
}
export type OutboxStore = ReturnType<typeof createOutboxStore>;
