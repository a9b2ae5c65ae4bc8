import { AppError } from "../../shared/errors.ts";
import type { Fragment, Sql } from "./job-database.ts";

/** A position in a list ordered by time, then id. The store's timestamps have microsecond resolution. */
export interface Position {
  readonly micros: string;
  readonly id: string;
}

const POSITION = /^(\d{1,16})~([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})$/;

/**
 * Encodes a position as opaque text (base64url, RFC 4648). A cursor holds nothing else, so filters may change between
 * pages.
 */
export function encodeCursor({ micros, id }: Position): string {
  return Buffer.from(`${micros}~${id}`).toString("base64url");
}

/** Decodes a cursor. Throws INVALID_CURSOR for anything that `encodeCursor` cannot have produced. */
export function decodeCursor(cursor: string): Position {
  const text = Buffer.from(cursor, "base64url").toString("latin1");
  const [, micros, id] = POSITION.exec(text) ?? [];
  if (!micros || !id || encodeCursor({ micros, id }) !== cursor)
    throw new AppError(
      "INVALID_CURSOR",
      `The cursor is ${JSON.stringify(cursor.slice(0, 80))}, expected a nextCursor of this route`,
    );
  return { micros, id };
}

/** Returns a condition for the rows after a position in a list ordered newest first. */
export function positionBefore(sql: Sql, time: Fragment, { micros, id }: Position): Fragment {
  return sql`and (${time}, id) < (timestamptz 'epoch' + ${micros}::bigint * interval '1 microsecond', ${id}::uuid)`;
}

/**
 * Builds a page from at most `limit + 1` rows; the extra row shows that another page follows. The next page starts
 * after the last row's time and id, so rows inserted between two requests cause no other row to be repeated or skipped.
 */
export function pageOf<R extends Position, T>(rows: readonly R[], limit: number, show: (row: R) => T) {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map(show),
    nextCursor: rows.length > limit && last ? encodeCursor(last) : null,
  };
}
