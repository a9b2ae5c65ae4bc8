import type { Log } from "../../shared/log.ts";
import { openPostgres, type Sql } from "../../shared/postgres.ts";
import initial from "./migrations/001_initial.sql" with { type: "text" };

/** In their order; a migration that was released is never edited. */
const MIGRATIONS: readonly { name: string; text: string }[] = [{ name: "001_initial", text: initial }];

/** Any number that no other program takes for its own advisory lock. */
const MIGRATION_LOCK = 7_326_114;

export interface JobStore {
  readonly sql: Sql;
  /** Bring the tables up to date; processors that start together wait for each other. */
  migrate(): Promise<void>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

export function openJobStore({ url, max, log }: { url: string; max: number; log: Log }): JobStore {
  const sql = openPostgres({ url, max, name: "processor" });
  return {
    sql,
    async migrate() {
      await sql.begin(async (tx) => {
        await tx`select pg_advisory_xact_lock(${MIGRATION_LOCK})`;
        await tx`create table if not exists schema_migrations (name text primary key, applied_at timestamptz not null default now())`;
        const applied = new Set(
          (await tx<{ name: string }[]>`select name from schema_migrations`).map((row) => row.name),
        );
        for (const { name, text } of MIGRATIONS.filter((migration) => !applied.has(migration.name))) {
          await tx.unsafe(text);
          await tx`insert into schema_migrations (name) values (${name})`;
          log.info("Applied a migration", { migration: name });
        }
      });
    },
    async ping() {
      await sql`select 1`;
    },
    close: () => sql.end({ timeout: 5 }),
  };
}
