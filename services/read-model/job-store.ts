import type { PendingQuery, Row } from "postgres";
import { AppError, messageOf } from "../../shared/errors.ts";
import { createGuardedPostgres } from "../../shared/guarded-postgres.ts";
import { isAway, openPostgres, type Sql } from "../../shared/postgres.ts";

export type { Sql };
export type Fragment = PendingQuery<Row[]>;

/** The job store as this service sees it: readable, sometimes away. */
export interface JobStore {
  /**
   * Run a query. Rejects with `STORE_UNAVAILABLE` when PostgreSQL is away, silent, has no tables yet or needs longer
   * than it may; with `INVALID_QUERY` when it cannot read a value that the caller gave.
   */
  read<T>(query: (sql: Sql) => PromiseLike<T>): Promise<T>;
  /** Resolves when it answers now; rejects as `read` does. */
  ping(): Promise<void>;
  /** Abandons what is under way and closes. May be called twice. */
  close(): Promise<void>;
}

export interface JobStoreOptions {
  readonly url: string;
  readonly maxConnections?: number;
  /** PostgreSQL cancels a statement after this long. */
  readonly statementMs?: number;
  /** A query without an answer for this long makes us look whether anybody is there at all, who gets as long again. */
  readonly patienceMs?: number;
}

/** Read-only connections to the job store. Connects on the first query, and again after a loss. */
export function createJobStore({
  url,
  maxConnections = 6,
  statementMs = 4_000,
  patienceMs = 1_000,
}: JobStoreOptions): JobStore {
  const guarded = createGuardedPostgres({
    connect: (max) =>
      openPostgres({
        url,
        max,
        name: "read-model",
        readOnly: true,
        arrays: false,
        statementTimeoutMs: statementMs,
        // The best plan depends on the values: a rare word wants its index, a frequent one the newest rows.
        settings: { plan_cache_mode: "force_custom_plan" },
      }),
    maxConnections,
    patienceMs,
  });

  async function read<T>(query: (sql: Sql) => PromiseLike<T>): Promise<T> {
    try {
      return await guarded.run(query);
    } catch (error) {
      throw translate(error);
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

/** By SQLSTATE (PostgreSQL, appendix A): what says that the store is not usable now, what the caller gave, what is a bug. */
function translate(error: unknown): unknown {
  if (error instanceof AppError || !(error instanceof Error)) return error;
  const code = "code" in error ? String(error.code) : "";
  if (isAway(error)) return unavailable(code, error);
  if (code === "42P01") return unavailable("it has no tables yet; the processor makes them", error);
  // During an upgrade this service may be newer than every processor.
  if (code === "42703")
    return unavailable("its tables are older; a processor of this version migrates them", error);
  if (code === "57014") return unavailable("a statement took too long", error);
  // No such database, or no way in: somebody is still setting it up.
  if (code === "3D000" || /^28...$/.test(code)) return unavailable(messageOf(error), error);
  // Data exceptions: a date that no calendar has, a NUL in a text.
  if (/^22...$/.test(code))
    return new AppError("INVALID_QUERY", `A value cannot be read: ${messageOf(error)}`, { cause: error });
  return error;
}
