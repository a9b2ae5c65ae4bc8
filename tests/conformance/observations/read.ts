import { expect } from "bun:test";
import type { EventEnvelope } from "../../../contracts/envelope.ts";
import type { JobEvent } from "../../../contracts/events.ts";
import { createIdSum } from "../../../shared/observations/id-sum.ts";
import type { EventQuery, Observations } from "../../../shared/observations/port.ts";
import { namesOf } from "../../support/sample-events.ts";

export const ids = (events: readonly { eventId: string }[]) => events.map(({ eventId }) => eventId);
export const sequences = (items: readonly EventEnvelope[]) =>
  items.map(({ payload }) => payload.sequence as number);
export const countedEvents = async (observations: Observations) =>
  (await observations.totals()).counters.events;

export function sumOf(events: readonly JobEvent[]) {
  const sum = createIdSum();
  for (const { eventId } of events) sum.add(eventId);
  return sum.sum();
}

export async function storedIds(
  observations: Observations,
  events: readonly JobEvent[],
): Promise<ReadonlySet<string>> {
  return await observations.storedIds(events.map(namesOf));
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

export async function firstOf<T>(items: AsyncIterable<T>): Promise<T | undefined> {
  for await (const item of items) return item;
  return undefined;
}

/** Reads all of a query's pages, from its cursor to the end. */
export async function pages(observations: Observations, query: EventQuery): Promise<EventEnvelope[]> {
  const items: EventEnvelope[] = [];
  for (let cursor = query.cursor; ; ) {
    const page = await observations.events({ ...query, ...(cursor && { cursor }) });
    expect(page.items.length).toBeLessThanOrEqual(query.limit);
    items.push(...page.items);
    if (page.nextCursor === null) return items;
    cursor = page.nextCursor;
  }
}
