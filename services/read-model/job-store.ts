import type { PendingQuery, Row } from "postgres";
import { AppError, messageOf } from "../../shared/errors.ts";
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
  /** Give up what is under way and close. May be called twice. */
  close(): Promise<void>;
}

export interface JobStoreOptions {
  readonly url: string;
  readonly maxConnections?: number;
  /** PostgreSQL gives up a statement after this long. */
  readonly statementMs?: number;
  /** A query without an answer after this long counts as failed; longer than `statementMs`. */
  readonly deadlineMs?: number;
}

/** Read-only connections to the job store. Connects on the first query, and again after a loss. */
export function createJobStore({
  url,
  maxConnections = 6,
  statementMs = 4_000,
  deadlineMs = 5_000,
}: JobStoreOptions): JobStore {
  let closed = false;
  let answeredAt = performance.now();
  let sql = connect();

  function connect(): Sql {
    return openPostgres({
      url,
      max: maxConnections,
      name: "read-model",
      readOnly: true,
      statementTimeoutMs: statementMs,
      // The best plan depends on the values: a rare word wants its index, a frequent one the newest rows.
      settings: { plan_cache_mode: "force_custom_plan" },
    });
  }

  /** A connection whose peer vanished without a word stays "open" for minutes: start again with fresh ones. */
  function replace(silent: Sql) {
    if (closed || silent !== sql || performance.now() - answeredAt < deadlineMs) return;
    sql = connect();
    void silent.end({ timeout: 0 });
  }

  async function read<T>(query: (sql: Sql) => PromiseLike<T>): Promise<T> {
    const used = sql;
    let timer: Timer | undefined;
    const silence = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        replace(used);
        reject(unavailable(`no answer within ${deadlineMs} ms`));
      }, deadlineMs);
    });
    try {
      const result = await Promise.race([query(used), silence]);
      answeredAt = performance.now();
      return result;
    } catch (error) {
      throw translate(error);
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    read,
    async ping() {
      await read((sql) => sql`select 1`);
    },
    async close() {
      closed = true;
      await sql.end({ timeout: 0 });
    },
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
  if (code === "57014") return unavailable("a statement took too long", error);
  // No such database, or no way in: somebody is still setting it up.
  if (code === "3D000" || /^28...$/.test(code)) return unavailable(messageOf(error), error);
  // Data exceptions: a date that no calendar has, a NUL in a text.
  if (/^22...$/.test(code))
    return new AppError("INVALID_QUERY", `A value cannot be read: ${messageOf(error)}`, { cause: error });
  return error;
}
