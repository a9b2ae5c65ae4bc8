import type { PendingQuery, Row } from "postgres";
import { AppError, messageOf } from "../../shared/errors.ts";
import { createGuardedPostgres } from "../../shared/guarded-postgres.ts";
import { isUnavailable, openPostgres, type Sql } from "../../shared/postgres.ts";

export type { Sql };
export type Fragment = PendingQuery<Row[]>;

/** The job store as seen by this service: readable, but sometimes unavailable. */
export interface JobDatabase {
  /**
   * Runs a query. Rejects with `STORE_UNAVAILABLE` when PostgreSQL is unreachable, does not answer, takes too long,
   * lacks the current tables, or refuses the login or the ledger's writes. Rejects with `INVALID_QUERY` when PostgreSQL
   * cannot read a value that the caller passed.
   */
  read<T>(query: (sql: Sql) => PromiseLike<T>): Promise<T>;
  /** Resolves when the store answers; rejects as `read` does. */
  ping(): Promise<void>;
  /** Abandons queries in progress and closes the connections. May be called twice. */
  close(): Promise<void>;
}

/**
 * Each query is planned for its parameter values, because the best plan depends on them: a rare word is best found
 * through its index, a frequent word among the newest rows. Every query reads few rows, but the planner expects
 * thousands for a word that is not in its statistics. With a million jobs it would therefore start parallel workers and
 * JIT compilation, which take tens of milliseconds, so both are off.
 */
const PLANNER = { plan_cache_mode: "force_custom_plan", jit: "off", max_parallel_workers_per_gather: "0" };

export interface JobDatabaseOptions {
  readonly url: string;
  /** Shown in `pg_stat_activity`. */
  readonly name?: string;
  /** Allows writing. Only the ledger writes, and only to its own tables. */
  readonly writes?: true;
  /** Additional session settings, by PostgreSQL name. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly maxConnections?: number;
  /** PostgreSQL cancels a statement after this long. */
  readonly statementMs?: number;
  /** After this long without an answer, a probe checks that the server is alive. The probe has the same time limit. */
  readonly patienceMs?: number;
}

/**
 * Creates a connection pool for the job store, read-only unless `writes` is set. It connects on the first query and
 * reconnects after a loss.
 */
export function createJobDatabase({
  url,
  name = "read-model",
  writes,
  settings = {},
  maxConnections = 6,
  statementMs = 4_000,
  patienceMs = 1_000,
}: JobDatabaseOptions): JobDatabase {
  const guarded = createGuardedPostgres({
    connect: (max, idleSeconds = 0) =>
      openPostgres({
        url,
        max,
        idleSeconds,
        name,
        readOnly: !writes,
        arrays: false,
        statementTimeoutMs: statementMs,
        settings: { ...PLANNER, ...settings },
      }),
    maxConnections,
    patienceMs,
  });

  async function read<T>(query: (sql: Sql) => PromiseLike<T>): Promise<T> {
    try {
      return await guarded.run(query);
    } catch (error) {
      throw translate(error, writes === true);
    }
  }

  return {
    read,
    async ping() {
      await read((sql) => sql`select 1`);
    },
    close: guarded.close,
  };
}

function unavailable(reason: string, cause?: unknown): AppError {
  return new AppError("STORE_UNAVAILABLE", `PostgreSQL could not be read: ${reason}`, {
    facts: { engine: "postgres" },
    cause,
  });
}

/**
 * Decides by SQLSTATE (PostgreSQL manual, appendix A) whether the store is currently unusable, the caller's value is
 * invalid or the error is a bug.
 */
function translate(error: unknown, writes: boolean): unknown {
  if (error instanceof AppError || !(error instanceof Error)) return error;
  const code = "code" in error ? String(error.code) : "";
  if (isUnavailable(error)) return unavailable(code, error);
  if (code === "42P01") return unavailable("it has no tables yet; the processor creates them", error);
  // During an upgrade this service may be newer than every processor.
  if (code === "42703")
    return unavailable("its tables are from an earlier version; a current processor migrates them", error);
  // A standby server or a read-only role refuses the writes to the ledger's own tables.
  if (writes && (code === "25006" || code === "42501"))
    return unavailable("the server or the role refuses writes to the ledger's tables", error);
  if (code === "57014") return unavailable("a statement took too long", error);
  // A database that does not exist or refuses the login is still being set up.
  if (code === "3D000" || /^28...$/.test(code)) return unavailable(messageOf(error), error);
  // Data exceptions, such as an impossible date or a NUL in a string.
  if (/^22...$/.test(code))
    return new AppError("INVALID_QUERY", `A value cannot be read: ${messageOf(error)}`, { cause: error });
  return error;
}
