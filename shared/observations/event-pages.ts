import type { EventEnvelope } from "../../contracts/envelope.ts";
import type { JobEvent } from "../../contracts/events.ts";
import { readBatch } from "./event-batch.ts";
import { type EventPosition, encodeCursor } from "./event-cursor.ts";
import type { EventQuery } from "./port.ts";

/** A batch as a store returns it: the time of its latest event, and its body. */
export interface StoredBatch {
  readonly to: number;
  readonly body: Uint8Array;
}

export interface EventPage {
  readonly items: readonly EventEnvelope[];
  readonly nextCursor: string | null;
}

/**
 * Returns the page of one job's events that follows a position, ordered by sequence. `batches` are the stored batches
 * that contain the job's events; `alone` are its events that are stored individually.
 */
export function pageOfJob(
  query: EventQuery,
  position: EventPosition | undefined,
  batches: readonly StoredBatch[],
  alone: readonly JobEvent[],
): EventPage {
  const types = query.eventType && [query.eventType];
  const events = batches.flatMap(({ body }) => readBatch(body, { jobId: query.jobId, types }));
  return pageOf(query, position, [...events, ...alone], bySequence);
}

/**
 * Returns the page of the newest events before a position. `alone` are the events that are stored individually. Each
 * call of `next` returns more batches, in descending order of the time of their latest event, and an empty list at the
 * end. Reading continues until no unread batch can hold an event of the page.
 */
export async function pageOfTime(
  query: EventQuery,
  position: EventPosition | undefined,
  alone: readonly JobEvent[],
  next: () => Promise<readonly StoredBatch[]>,
): Promise<EventPage> {
  const types = query.eventType && [query.eventType];
  let events = [...alone];
  for (;;) {
    const batches = await next();
    const oldest = batches.at(-1);
    if (!oldest) break;
    events.push(...batches.flatMap(({ body }) => readBatch(body, { types })));
    events = wanted(events, position, byTime).slice(0, query.limit + 1);
    const last = events[query.limit];
    if (last && Date.parse(last.occurredAt) > oldest.to) break;
  }
  return pageOf(query, position, events, byTime);
}

interface Order {
  at(event: JobEvent): number;
  /** Negative if `a` comes before `b`. */
  compare(a: EventPosition, b: EventPosition): number;
}

const compareIds = (a: EventPosition, b: EventPosition) =>
  a.eventId < b.eventId ? -1 : a.eventId > b.eventId ? 1 : 0;
const bySequence: Order = {
  at: ({ payload }) => payload.sequence,
  compare: (a, b) => a.at - b.at || compareIds(a, b),
};
const byTime: Order = {
  at: ({ occurredAt }) => Date.parse(occurredAt),
  compare: (a, b) => b.at - a.at || compareIds(b, a),
};

function positionOf(event: JobEvent, order: Order): EventPosition {
  return { at: order.at(event), eventId: event.eventId.toLowerCase() };
}

function wanted(events: readonly JobEvent[], after: EventPosition | undefined, order: Order): JobEvent[] {
  return events
    .map((event) => ({ event, position: positionOf(event, order) }))
    .filter(({ position }) => !after || order.compare(position, after) > 0)
    .sort((a, b) => order.compare(a.position, b.position))
    .map(({ event }) => event);
}

function pageOf(
  query: EventQuery,
  position: EventPosition | undefined,
  events: readonly JobEvent[],
  order: Order,
): EventPage {
  const page = wanted(events, position, order);
  const shown = page.slice(0, query.limit);
  const last = page.length > query.limit ? shown.at(-1) : undefined;
  return {
    items: shown as unknown as EventEnvelope[],
    nextCursor: last ? encodeCursor(query, positionOf(last, order)) : null,
  };
}
