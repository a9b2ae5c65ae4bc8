import { AppError } from "../../shared/errors.ts";
import type { Fragment, Sql } from "./job-store.ts";

/** A place in an order of time, then id. Microseconds, because that is what the store's timestamps have. */
export interface Position {
  readonly micros: string;
  readonly id: string;
}

const POSITION = /^(\d{1,16})~([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})$/;

/** The opaque text of a position (base64url, RFC 4648). It is bound to nothing else, so filters may change between pages. */
export function encodeCursor({ micros, id }: Position): string {
  return Buffer.from(`${micros}~${id}`).toString("base64url");
}

/** Read a cursor back. Refuses with INVALID_CURSOR what `encodeCursor` cannot have given. */
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

/** The condition on rows that come after a position in a list with the newest first. */
export function positionBefore(sql: Sql, time: Fragment, { micros, id }: Position): Fragment {
  return sql`and (${time}, id) < (timestamptz 'epoch' + ${micros}::bigint * interval '1 microsecond', ${id}::uuid)`;
}

/**
 * Cut one row more than the page into a page: keyset paging, so that rows which arrive meanwhile neither repeat nor
 * hide others.
 */
export function pageOf<R extends Position, T>(rows: readonly R[], limit: number, show: (row: R) => T) {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    items: page.map(show),
    nextCursor: rows.length > limit && last ? encodeCursor(last) : null,
  };
}
