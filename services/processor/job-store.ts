import { createGuardedPostgres, type GuardedPostgres } from "../../shared/guarded-postgres.ts";
import type { Log } from "../../shared/log.ts";
import { openPostgres, type Sql } from "../../shared/postgres.ts";
import initial from "./migrations/001_initial.sql" with { type: "text" };
import knownTypes from "./migrations/002_known_types.sql" with { type: "text" };
import filterIndexes from "./migrations/003_filter_indexes.sql" with { type: "text" };
import deadLetterFilter from "./migrations/004_dead_letter_filter.sql" with { type: "text" };
import commands from "./migrations/005_commands.sql" with { type: "text" };
import bulkActions from "./migrations/006_bulk_actions.sql" with { type: "text" };
import failedActions from "./migrations/007_failed_actions.sql" with { type: "text" };

interface Migration {
  readonly name: string;
  readonly text: string;
}

/** In their order; a migration that was released is never edited. */
const MIGRATIONS: readonly Migration[] = [
  { name: "001_initial", text: initial },
  { name: "002_known_types", text: knownTypes },
  { name: "003_filter_indexes", text: filterIndexes },
  { name: "004_dead_letter_filter", text: deadLetterFilter },
  { name: "005_commands", text: commands },
  { name: "006_bulk_actions", text: bulkActions },
  { name: "007_failed_actions", text: failedActions },
];

/** Any number that no other program takes for its own advisory lock. */
const MIGRATION_LOCK = 7_326_114;

/**
 * Every statement of ours finds its few rows by an index. A plan is made once for a connection, on a new store while the
 * tables are empty, when reading them whole looks cheaper, and is kept while they grow. Without that choice costs look
 * huge, which would have plans compiled.
 */
const PLANNER = { enable_seqscan: "off", jit: "off" };

export interface JobStore {
  readonly run: GuardedPostgres["run"];
  /** A connection of its own, for notifications alone. */
  readonly listening: Sql;
  /** Brings the tables up to date; processors that start together wait for each other. */
  migrate(): Promise<void>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

export function openJobStore({ url, max, log }: { url: string; max: number; log: Log }): JobStore {
  const connect = (connections: number) =>
    openPostgres({ url, max: connections, name: "processor", arrays: false, settings: PLANNER });
  const guarded = createGuardedPostgres({ connect, maxConnections: max });
  const listening = connect(1);
  return {
    run: guarded.run,
    listening,
    async migrate() {
      for (const migration of MIGRATIONS)
        if (await guarded.run((sql) => apply(sql, migration)))
          log.info("Applied a migration", { migration: migration.name });
    },
    async ping() {
      await guarded.run((sql) => sql`select 1`);
    },
    async close() {
      await Promise.all([guarded.close(), listening.end({ timeout: 1 })]);
    },
  };
}

/**
 * Applies a migration unless it is recorded, and returns whether it did. Each has a transaction of its own: its locks end
 * with it, so that other processors work between two, and what it built is kept when a later one fails.
 */
async function apply(sql: Sql, { name, text }: Migration): Promise<boolean> {
  return sql.begin(async (tx) => {
    // An index on a large table takes longer than any statement of daily work may.
    await tx`set local statement_timeout = 0`;
    await tx`select pg_advisory_xact_lock(${MIGRATION_LOCK})`;
    await tx`
      create table if not exists schema_migrations (
        name text primary key, applied_at timestamptz not null default now())`;
    const [applied] = await tx`select from schema_migrations where name = ${name}`;
    if (applied) return false;
    await tx.unsafe(text);
    await tx`insert into schema_migrations (name) values (${name})`;
    return true;
  });
}

/**
 * A store of statements whose every call is guarded: it settles, whatever became of the connection. `create` is called
 * once for each pool that the guard makes.
 */
export function guardedStore<S extends object>({ run }: Pick<JobStore, "run">, create: (sql: Sql) => S): S {
  const stores = new WeakMap<Sql, S>();
  const storeOf = (sql: Sql): S => {
    const store = stores.get(sql) ?? create(sql);
    stores.set(sql, store);
    return store;
  };
  type Method = (...args: unknown[]) => Promise<unknown>;
  return new Proxy({} as S, {
    get:
      (_, name) =>
      (...args: unknown[]) =>
        run((sql) => (storeOf(sql)[name as keyof S] as Method)(...args)),
  });
}
