import { isUuid } from "../../contracts/schema.ts";
import { AppError } from "../errors.ts";
import type { EventQuery } from "./port.ts";

/** Where a page of events ended: at a sequence of one job, or at a time over all jobs; then the event id. */
export interface EventPosition {
  readonly at: number;
  readonly eventId: string;
}

/** An opaque cursor. It belongs to its kind of query: one job's events or all events. */
export function encodeCursor(query: EventQuery, { at, eventId }: EventPosition): string {
  return Buffer.from(JSON.stringify([kindOf(query), at, eventId])).toString("base64url");
}

/** Reads the cursor of a query, if it has one. Throws `INVALID_CURSOR`. */
export function decodeCursor(query: EventQuery): EventPosition | undefined {
  if (query.cursor === undefined) return undefined;
  let value: unknown;
  try {
    value = /^[\w-]{1,200}$/.test(query.cursor)
      ? JSON.parse(Buffer.from(query.cursor, "base64url").toString())
      : undefined;
  } catch (cause) {
    throw new AppError("INVALID_CURSOR", "The cursor of events is not readable", { cause });
  }
  const [kind, at, eventId] = Array.isArray(value) ? (value as unknown[]) : [];
  if (kind !== kindOf(query) || !Number.isSafeInteger(at) || !isUuid(eventId))
    throw new AppError("INVALID_CURSOR", "The cursor does not belong to this query of events");
  return { at: at as number, eventId };
}

function kindOf(query: EventQuery): "job" | "all" {
  return query.jobId === undefined ? "all" : "job";
}
