import { isUuid } from "../../contracts/schema.ts";
import { AppError } from "../errors.ts";
import type { EventQuery } from "./port.ts";

/**
 * The position of the last event of a page: `at` is its sequence (in a query for one job) or its time (in a query for
 * all jobs). Events with the same `at` are ordered by id.
 */
export interface EventPosition {
  readonly at: number;
  readonly eventId: string;
}

/**
 * Encodes a position as an opaque cursor, which is valid only for the same kind of query: for the events of one job, or
 * for those of all jobs.
 */
export function encodeCursor(query: EventQuery, { at, eventId }: EventPosition): string {
  return Buffer.from(JSON.stringify([kindOf(query), at, eventId])).toString("base64url");
}

/** Decodes a query's cursor; undefined if it has none. Throws `INVALID_CURSOR`. */
export function decodeCursor(query: EventQuery): EventPosition | undefined {
  if (query.cursor === undefined) return undefined;
  let value: unknown;
  try {
    value = /^[\w-]{1,200}$/.test(query.cursor)
      ? JSON.parse(Buffer.from(query.cursor, "base64url").toString())
      : undefined;
  } catch (cause) {
    throw new AppError("INVALID_CURSOR", "The event cursor is not readable", { cause });
  }
  const [kind, at, eventId] = Array.isArray(value) ? (value as unknown[]) : [];
  if (kind !== kindOf(query) || !Number.isSafeInteger(at) || !isUuid(eventId))
    throw new AppError("INVALID_CURSOR", "The cursor does not belong to this event query");
  return { at: at as number, eventId };
}

function kindOf(query: EventQuery): "job" | "all" {
  return query.jobId === undefined ? "all" : "job";
}
