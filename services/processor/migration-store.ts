import { halfJitter, pause } from "../../shared/async.ts";
import type { Log } from "../../shared/log.ts";
import { isLockedOut, type Sql } from "../../shared/postgres.ts";
import { MIGRATIONS, type Migration } from "./migrations/list.ts";

/** Arbitrary keys for advisory locks, unlikely to collide with another program's. */
const STEP_LOCK = 7_326_114;
const RUNNER_LOCK = 7_326_115;
const LOOK_AGAIN_MS = 250;
/**
 * The longest pause between a migration's attempts to get its locks. While a migration waits for a long-running reader
 * such as a backup, other statements queue behind it. If the pauses stayed short, those statements would be blocked
 * about half of the time.
 */
const LONGEST_PAUSE_MS = 5_000;
/**
 * How long a migration waits for a lock. Other statements queue behind it, and one of them may hold a lock that the
 * migration needs next. The migration therefore gives up before PostgreSQL's `deadlock_timeout` (1 s), after which that
 * statement could be aborted.
 */
const LOCK_TIMEOUT_MS = 500;
/** Rows per statement of a batched migration. */
const BATCH = 5_000;

/** Thrown when a newer version has migrated the store; retrying cannot help. */
export class SchemaTooNew extends Error {}

export interface MigrationOptions {
  readonly signal: AbortSignal;
  readonly log: Log;
  /** The migrations, in order; by default, this version's own. */
  readonly migrations?: readonly Migration[];
}

/**
 * Migrates the tables to this version. `sql` must be a dedicated connection, because closing it releases the lock. When
 * several processors start together, one migrates while the others wait. Rejects with {@link SchemaTooNew} when a newer
 * version has migrated the store.
 */
export async function migrate(
  sql: Sql,
  { signal, log, migrations = MIGRATIONS }: MigrationOptions,
): Promise<void> {
  // Building an index on a large table takes longer than the time limit of ordinary statements.
  await sql`set statement_timeout = 0`;
  await takeTurn(sql, { signal, log });
  const applied = await appliedIn(sql);
  refuseNewer(applied, migrations);
  for (const migration of migrations) {
    if (signal.aborted) return;
    if (applied.has(migration.name)) continue;
    await APPLY[migration.how ?? "at once"](sql, migration, { signal, log });
    log.info("Applied a migration", { migration: migration.name });
  }
}

/**
 * Takes a session lock, because some statements must not run in a transaction. Polls for it, because waiting in the
 * server would hold a snapshot, and a concurrent index build waits for every snapshot.
 */
async function takeTurn(sql: Sql, { signal, log }: MigrationOptions): Promise<void> {
  for (let looks = 0; ; looks++) {
    const [row] = await sql<{ taken: boolean }[]>`select pg_try_advisory_lock(${RUNNER_LOCK}) as taken`;
    if (row?.taken) return;
    if (looks === 0) log.info("Waiting for another processor, which is migrating the job store");
    await pause(LOOK_AGAIN_MS, signal);
    if (signal.aborted) throw new Error("stopping while another processor migrates the job store");
  }
}

async function appliedIn(sql: Sql): Promise<ReadonlySet<string>> {
  await sql`
    create table if not exists schema_migrations (
      name text primary key, applied_at timestamptz not null default now())`;
  const rows = await sql<{ name: string }[]>`select name from schema_migrations order by name`;
  return new Set(rows.map(({ name }) => name));
}

function refuseNewer(applied: ReadonlySet<string>, known: readonly Migration[]): void {
  const names = new Set(known.map(({ name }) => name));
  const newest = [...applied].filter((name) => !names.has(name)).at(-1);
  if (newest === undefined) return;
  throw new SchemaTooNew(
    `The job store has migration ${newest}, but this processor knows migrations only up to ${known.at(-1)?.name}; start a processor at least as new as the one that migrated the store`,
  );
}

const record = (sql: Sql, name: string) => sql`insert into schema_migrations (name) values (${name})`;

/**
 * Applies a migration in one transaction, whose end releases the locks. The advisory lock keeps a processor of an
 * earlier version from applying the same migration at the same time.
 */
async function applyAtOnce(sql: Sql, { name, text }: Migration): Promise<void> {
  await sql`begin`;
  try {
    await sql`select set_config('lock_timeout', ${`${LOCK_TIMEOUT_MS}ms`}, true)`;
    await sql`select pg_advisory_xact_lock(${STEP_LOCK})`;
    const [applied] = await sql`select from schema_migrations where name = ${name}`;
    if (!applied) {
      await sql.unsafe(text);
      await record(sql, name);
    }
    await sql`commit`;
  } catch (error) {
    // If the connection was lost, the server rolls back anyway, and the first error is more informative.
    await sql`rollback`.catch(() => undefined);
    throw error;
  }
}

const APPLY: Record<
  NonNullable<Migration["how"]>,
  (sql: Sql, migration: Migration, turn: Pick<MigrationOptions, "signal" | "log">) => Promise<void>
> = {
  async "at once"(sql, migration, { signal, log }) {
    for (let tries = 1; ; tries++) {
      try {
        return await applyAtOnce(sql, migration);
      } catch (error) {
        if (!isLockedOut(error) || signal.aborted) throw error;
        if (tries === 1) log.info("Waiting for locks to apply a migration", { migration: migration.name });
        await pause(halfJitter(tries, LOOK_AGAIN_MS, LONGEST_PAUSE_MS), signal);
      }
    }
  },

  /**
   * Runs the statements one by one, without blocking writers. Rebuilds any index that an interrupted build left
   * invalid.
   */
  async concurrently(sql, { name, text }) {
    const halves = await sql<{ name: string }[]>`
      select c.oid::regclass::text as name from pg_index i join pg_class c on c.oid = i.indexrelid
      where not i.indisvalid and ${text} like '%' || c.relname || '%'`;
    for (const half of halves) await sql.unsafe(`drop index concurrently ${half.name}`);
    for (const statement of text.split(/;\s*$/m)) if (statement.trim()) await sql.unsafe(statement);
    await record(sql, name);
  },

  /** Repeats a statement that changes at most `$1` rows, until it changes fewer. */
  async "in batches"(sql, { name, text }) {
    for (;;) if ((await sql.unsafe(text, [BATCH])).count < BATCH) break;
    await record(sql, name);
  },
};
