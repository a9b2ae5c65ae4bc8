import postgres from "postgres";
import { AppError, messageOf } from "../../shared/errors.ts";

export type Sql = postgres.Sql;
export type Fragment = postgres.PendingQuery<postgres.Row[]>;

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
    return postgres(url, {
      max: maxConnections,
      connect_timeout: 2,
      // The driver's own pauses grow to 20 s, during which queries would wait although the store is back.
      backoff: (tries) => Math.min(0.05 * 2 ** tries, 0.5),
      onnotice: () => undefined,
      connection: {
        application_name: "read-model",
        default_transaction_read_only: true,
        statement_timeout: statementMs,
        // The best plan depends on the values: a rare word wants its index, a frequent one the newest rows.
        plan_cache_mode: "force_custom_plan",
      },
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

/** By SQLSTATE class (PostgreSQL, appendix A), and by the driver's and the system's own codes. */
function translate(error: unknown): unknown {
  if (error instanceof AppError || !(error instanceof Error)) return error;
  const code = "code" in error ? String(error.code) : "";
  if (code === "42P01") return unavailable("it has no tables yet; the processor makes them", error);
  if (code === "57014") return unavailable("a statement took too long", error);
  if (/^22/.test(code) && code.length === 5)
    return new AppError("INVALID_QUERY", `A value cannot be read: ${messageOf(error)}`, { cause: error });
  // 08 connection, 28 authorization, 3D no such database, 53 resources, 57P shutting down or starting.
  if (/^(?:08...|28...|3D000|53...|57P..)$/.test(code) || /^(?:CONNECT|E[A-Z]{3,}$)/.test(code))
    return unavailable(code, error);
  return error;
}
