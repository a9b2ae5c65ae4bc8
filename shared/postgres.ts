import postgres from "postgres";
import { AppError, messageOf } from "./errors.ts";

export type Sql = ReturnType<typeof postgres>;

export interface PostgresOptions {
  readonly url: string;
  /** Connections at most. */
  readonly max: number;
  /** Shown in `pg_stat_activity`. */
  readonly name: string;
  readonly readOnly?: boolean;
  /** Milliseconds after which the server ends a statement; 0: never. */
  readonly statementTimeoutMs?: number;
  /**
   * Whether JavaScript's arrays are understood as parameters and in rows; true. Without, each connection is a round trip
   * faster, and one that is destroyed while it opens leaves no rejection of the driver's own behind.
   */
  readonly arrays?: boolean;
  /** Further settings of every session, by their PostgreSQL names. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A pool of connections. It connects when first used and again after a loss, and fails fast meanwhile. */
export function openPostgres({
  url,
  max,
  name,
  readOnly = false,
  statementTimeoutMs = 30_000,
  arrays = true,
  settings = {},
}: PostgresOptions): Sql {
  return postgres(url, {
    max,
    connect_timeout: 3,
    idle_timeout: 0,
    max_lifetime: null,
    fetch_types: arrays,
    backoff: (attempt: number) => Math.min(0.05 * 2 ** attempt, 1) * (0.5 + Math.random() / 2),
    onnotice: () => undefined,
    connection: {
      application_name: name,
      statement_timeout: statementTimeoutMs,
      ...(readOnly && { default_transaction_read_only: true }),
      ...settings,
    },
  });
}

const AWAY = new Set([
  // The driver's and the system's codes for a connection that failed.
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
export function isAway(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && (AWAY.has(code) || /^(08|53|57P)/.test(code));
}

/**
 * Whether PostgreSQL refuses the very values of a statement: SQLSTATE classes 22 (data exception), 23 (integrity) and
 * 54 (program limit). Once isolated to one entry, only these condemn it; any other error is the store's trouble, such
 * as 57014 (statement timeout), 25006 (read-only), 42P01 (missing table) or 53100 (disk full), and the entry waits.
 */
export function isRefusedValue(error: unknown): boolean {
  return /^(22|23|54)...$/.test(codeOf(error) ?? "");
}

/** The SQLSTATE, or the driver's code, of an error or of the error that caused it. */
function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  if (error instanceof AppError) return codeOf(cause);
  return typeof code === "string" ? code : codeOf(cause);
}

/** Trouble that passes without a change to the request: the server is unavailable, read-only, or a statement timed out. */
const PASSING = /^(25006|40...|55P03|57014)$/;

/** Whether trying again later can help without a change: the server is unavailable or read-only, or a statement timed out. */
export function isPassing(error: unknown): boolean {
  return isAway(error) || PASSING.test(codeOf(error) ?? "");
}

/** Whether a statement took longer than it may, or was cancelled. */
export function isTimeout(error: unknown): boolean {
  return codeOf(error) === "57014";
}

/**
 * Rethrows as `STORE_UNAVAILABLE` what passes without a change to the request, as `VALIDATION_FAILED` a value of the
 * request that PostgreSQL cannot hold (SQLSTATE class 22, such as U+0000 in a text), and anything else as it is.
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

/** Thrown to undo a rehearsal; never seen outside. */
const UNDO = new Error("The rehearsal is over");

/** Writes in a transaction that is always undone. Rejects when the store does not take such a write now. */
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
 * An array parameter of values that need no quoting: UUIDs, numbers, times, known words. The driver's own arrays escape
 * every element, which is half of a busy writer's CPU, and take an array of dates for one date.
 */
export function plainArray(values: readonly (string | number | Date | null)[]): string {
  return `{${values.map((value) => (value === null ? "NULL" : value instanceof Date ? value.toISOString() : value)).join(",")}}`;
}

/** An array parameter of any texts, each quoted as the manual's section 8.15.6 wants it. */
export function textArray(values: readonly (string | null)[]): string {
  return `{${values.map((value) => (value === null ? "NULL" : `"${value.replace(/["\\]/g, "\\$&")}"`)).join(",")}}`;
}

/**
 * JSON texts as one text parameter, a line each: JSON has no raw line break. In SQL it is
 * `string_to_array($, E'\n', '')`, where an absent text is NULL.
 */
export function jsonLines(texts: readonly (string | null)[]): string {
  return texts.map((text) => text ?? "").join("\n");
}
