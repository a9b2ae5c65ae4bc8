import postgres from "postgres";
import { halfJitter } from "./async.ts";
import { AppError, messageOf } from "./errors.ts";

export type Sql = ReturnType<typeof postgres>;

export interface PostgresOptions {
  readonly url: string;
  /** The maximum number of connections. */
  readonly max: number;
  /** The connections' name in `pg_stat_activity`. */
  readonly name: string;
  readonly readOnly?: boolean;
  /** The server's time limit for a statement; 0 means none. */
  readonly statementTimeoutMs?: number;
  /**
   * Whether JavaScript arrays are supported as parameters and in rows; default true. Without them, a connection opens
   * one round trip faster, and destroying it while it opens leaves no unhandled rejection in the driver.
   */
  readonly arrays?: boolean;
  /** How long a connection may be idle before it is closed; 0 means no limit. */
  readonly idleSeconds?: number;
  /** Other session settings, by their PostgreSQL names. */
  readonly settings?: Readonly<Record<string, string>>;
}

/**
 * Opens a connection pool. It connects on first use and reconnects after a connection is lost; until then, statements
 * fail quickly.
 */
export function openPostgres({
  url,
  max,
  name,
  readOnly = false,
  statementTimeoutMs = 30_000,
  arrays = true,
  idleSeconds = 0,
  settings = {},
}: PostgresOptions): Sql {
  return postgres(url, {
    max,
    connect_timeout: 3,
    idle_timeout: idleSeconds,
    max_lifetime: null,
    fetch_types: arrays,
    backoff: (attempt: number) => halfJitter(attempt, 50, 1_000) / 1_000,
    onnotice: () => undefined,
    connection: {
      application_name: name,
      statement_timeout: statementTimeoutMs,
      ...(readOnly && { default_transaction_read_only: true }),
      ...settings,
    },
  });
}

const CONNECTION_FAILURES = new Set([
  // These are the driver's and the system's codes for a failed connection.
  "CONNECTION_CLOSED",
  "CONNECTION_ENDED",
  "CONNECTION_DESTROYED",
  "CONNECT_TIMEOUT",
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

/** Whether the connection failed, or the server is unavailable, starting or stopping (SQLSTATE classes 08, 53, 57P). */
export function isUnavailable(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && (CONNECTION_FAILURES.has(code) || /^(08|53|57P)/.test(code));
}

/**
 * Whether PostgreSQL refuses a statement's values: SQLSTATE classes 22 (data exception), 23 (integrity) and 54 (program
 * limit). If a single entry is written on its own, only these errors prove that the entry is faulty. Any other error,
 * such as 57014 (statement timeout), 25006 (read-only), 42P01 (missing table) or 53100 (disk full), does not.
 */
export function isRefusedValue(error: unknown): boolean {
  return /^(22|23|54)...$/.test(codeOf(error) ?? "");
}

/** Returns the SQLSTATE, or the driver's code, of an error or its cause. */
function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  if (error instanceof AppError) return codeOf(cause);
  return typeof code === "string" ? code : codeOf(cause);
}

/** SQLSTATEs of temporary trouble: read-only, a rolled-back transaction, a lock wait or statement that timed out. */
const PASSING = /^(25006|40...|55P03|57014)$/;

/** Whether the same request may succeed later, because the server is unavailable or the trouble is temporary. */
export function isPassing(error: unknown): boolean {
  return isUnavailable(error) || PASSING.test(codeOf(error) ?? "");
}

/** Whether a statement timed out or was cancelled. */
export function isTimeout(error: unknown): boolean {
  return codeOf(error) === "57014";
}

/** Whether a statement failed because of a lock: it exceeded `lock_timeout`, or was ended to break a deadlock. */
export function isLockedOut(error: unknown): boolean {
  return /^(55P03|40P01)$/.test(codeOf(error) ?? "");
}

/**
 * Rethrows an error: as `STORE_UNAVAILABLE` if the trouble is temporary, as `VALIDATION_FAILED` if PostgreSQL cannot
 * store a value (SQLSTATE class 22, such as U+0000 in a text), and otherwise unchanged.
 */
export function translateStoreError(error: unknown): never {
  if (!(error instanceof AppError) && codeOf(error)?.startsWith("22"))
    throw new AppError("VALIDATION_FAILED", `The job store cannot hold a value: ${messageOf(error)}`, {
      cause: error,
    });
  if (error instanceof AppError || !isPassing(error)) throw error;
  throw new AppError("STORE_UNAVAILABLE", `PostgreSQL cannot serve this request now: ${messageOf(error)}`, {
    facts: { engine: "postgres" },
    cause: error,
  });
}

/** Runs a statement, and cancels it on the server if `signal` aborts, because its caller no longer waits. */
export async function cancelledBy<T extends readonly postgres.MaybeRow[]>(
  signal: AbortSignal | undefined,
  statement: postgres.PendingQuery<T>,
): Promise<T> {
  if (!signal) return statement;
  const cancel = () => statement.cancel();
  signal.addEventListener("abort", cancel, { once: true });
  try {
    return await statement;
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}

/** Thrown to roll back a trial write; callers never see it. */
const UNDO = new Error("The trial write is over");

/** Writes in a transaction that is always rolled back. Rejects if the store does not accept this write now. */
export async function rehearse(sql: Sql, write: (tx: Sql) => Promise<unknown>): Promise<void> {
  try {
    await sql.begin(async (transaction) => {
      await write(transaction as unknown as Sql);
      throw UNDO;
    });
  } catch (error) {
    if (error !== UNDO) throw error;
  }
}

/**
 * Formats an array parameter of values that need no quoting: UUIDs, numbers, times, keywords such as statuses. The
 * driver's own arrays escape every element, which costs a busy writer half its CPU time, and treat an array of dates as
 * one date.
 */
export function plainArray(values: readonly (string | number | Date | null)[]): string {
  return `{${values.map((value) => (value === null ? "NULL" : value instanceof Date ? value.toISOString() : value)).join(",")}}`;
}

/** Formats an array parameter of arbitrary texts, quoted as in section 8.15.6 of the PostgreSQL manual. */
export function textArray(values: readonly (string | null)[]): string {
  return `{${values.map((value) => (value === null ? "NULL" : `"${value.replace(/["\\]/g, "\\$&")}"`)).join(",")}}`;
}

/**
 * Joins JSON texts into one text parameter, one per line, since JSON contains no raw line breaks. SQL reads it with
 * `string_to_array($, E'\n', '')`, which turns a missing text into NULL.
 */
export function jsonLines(texts: readonly (string | null)[]): string {
  return texts.map((text) => text ?? "").join("\n");
}
