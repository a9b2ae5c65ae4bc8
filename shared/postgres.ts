import postgres from "postgres";
import { halfJitter } from "./async.ts";
import { AppError, messageOf } from "./errors.ts";

export type Sql = ReturnType<typeof postgres>;

export interface PostgresOptions {
  readonly url: string;
  /** Maximum number of connections. */
  readonly max: number;
  /** Shown in `pg_stat_activity`. */
  readonly name: string;
  readonly readOnly?: boolean;
  /** Milliseconds after which the server ends a statement; 0: never. */
  readonly statementTimeoutMs?: number;
  /**
   * Whether JavaScript arrays are supported as parameters and in rows; default true. Without them each connection
   * opens one round trip faster, and one that is destroyed while opening leaves no unhandled rejection of the driver
   * behind.
   */
  readonly arrays?: boolean;
  /** Seconds after which an unused connection is closed; 0: never. */
  readonly idleSeconds?: number;
  /** Further settings of every session, by their PostgreSQL names. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A pool of connections. It connects on first use and again after a loss, and fails fast in between. */
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
  // The driver's and the system's codes for a failed connection.
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

/** Whether the server is unavailable, starting or stopping (SQLSTATE classes 08, 53 and 57P). */
export function isUnavailable(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && (CONNECTION_FAILURES.has(code) || /^(08|53|57P)/.test(code));
}

/**
 * Whether PostgreSQL refuses the values of a statement: SQLSTATE classes 22 (data exception), 23 (integrity) and 54
 * (program limit). Once isolated to one entry, only these condemn it. Any other error is the store's trouble, such as
 * 57014 (statement timeout), 25006 (read-only), 42P01 (missing table) or 53100 (disk full), and the entry waits.
 */
export function isRefusedValue(error: unknown): boolean {
  return /^(22|23|54)...$/.test(codeOf(error) ?? "");
}

/** The SQLSTATE, or the driver's code, of an error or of its cause. */
function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  if (error instanceof AppError) return codeOf(cause);
  return typeof code === "string" ? code : codeOf(cause);
}

/** Temporary trouble: the server is unavailable or read-only, or a statement timed out. */
const PASSING = /^(25006|40...|55P03|57014)$/;

/** Whether the same request may succeed later: the server is unavailable or read-only, or a statement timed out. */
export function isPassing(error: unknown): boolean {
  return isUnavailable(error) || PASSING.test(codeOf(error) ?? "");
}

/** Whether a statement took longer than it may, or was cancelled. */
export function isTimeout(error: unknown): boolean {
  return codeOf(error) === "57014";
}

/** Whether a statement lost a lock to others: it exceeded `lock_timeout`, or was ended to break a deadlock. */
export function isLockedOut(error: unknown): boolean {
  return /^(55P03|40P01)$/.test(codeOf(error) ?? "");
}

/**
 * Rethrows temporary trouble as `STORE_UNAVAILABLE`, a value that PostgreSQL cannot store (SQLSTATE class 22, such as
 * U+0000 in a text) as `VALIDATION_FAILED`, and anything else unchanged.
 */
export function translateStoreError(error: unknown): never {
  if (!(error instanceof AppError) && codeOf(error)?.startsWith("22"))
    throw new AppError("VALIDATION_FAILED", `The job store cannot hold a value: ${messageOf(error)}`, {
      cause: error,
    });
  if (error instanceof AppError || !isPassing(error)) throw error;
  throw new AppError("STORE_UNAVAILABLE", `PostgreSQL cannot serve this now: ${messageOf(error)}`, {
    facts: { engine: "postgres" },
    cause: error,
  });
}

/** Runs a statement that the server cancels when `signal` aborts, because no caller is left to wait for it. */
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

/** Thrown to undo a rehearsal; never seen outside. */
const UNDO = new Error("The rehearsal is over");

/** Writes in a transaction that is always rolled back. Rejects when the store does not accept such a write now. */
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
 * An array parameter of values that need no quoting: UUIDs, numbers, times, known words. The driver's own arrays
 * escape every element, which is half of a busy writer's CPU, and treat an array of dates as one date.
 */
export function plainArray(values: readonly (string | number | Date | null)[]): string {
  return `{${values.map((value) => (value === null ? "NULL" : value instanceof Date ? value.toISOString() : value)).join(",")}}`;
}

/** An array parameter of arbitrary texts, each quoted as in section 8.15.6 of the manual. */
export function textArray(values: readonly (string | null)[]): string {
  return `{${values.map((value) => (value === null ? "NULL" : `"${value.replace(/["\\]/g, "\\$&")}"`)).join(",")}}`;
}

/**
 * JSON texts as one text parameter, one per line: JSON has no raw line break. In SQL it is read by
 * `string_to_array($, E'\n', '')`, where an absent text is NULL.
 */
export function jsonLines(texts: readonly (string | null)[]): string {
  return texts.map((text) => text ?? "").join("\n");
}
