import type { JobEvent } from "../../../contracts/events.ts";
import { plainArray, rehearse } from "../../postgres.ts";
import { batchesOf, isBatchable } from "../event-batch.ts";
import { feedFields } from "../feed-entry.ts";
import { type Tally, tallyOf } from "../tally.ts";
import { ALL_TIME } from "./counters.ts";
import type { PostgresStore } from "./store.ts";

type Count = readonly [minute: number, kind: string, field: string, value: number];

export interface RecordOptions {
  readonly store: PostgresStore;
  readonly now: () => number;
  readonly typeLabel: (type: string) => string;
  readonly maxFeedEntries: number;
}

/** Stores, counts and publishes events in one statement. */
export function createPostgresRecord({ store: { ask }, now, typeLabel, maxFeedEntries }: RecordOptions) {
  /**
   * Stores all of the events or none. Returns a map with the id of each event that prevented this. The value is true if
   * the event is already stored. It is false if another event already has the same job and sequence number; the event
   * then needs a row of its own.
   */
  async function keep(
    events: readonly JobEvent[],
    alone: ReadonlySet<JobEvent>,
  ): Promise<Map<string, boolean>> {
    const batches = batchesOf(events.filter((event) => !alone.has(event)));
    const placed = batches.flatMap((batch, n) => batch.events.map((event) => ({ event, place: n + 1 })));
    const all = [...placed, ...[...alone].map((event) => ({ event, place: 0 }))];
    const { deltas, dropped } = feedFields(events);
    const rows = await ask(
      "record events",
      (sql) => sql<{ id: string; stored: boolean }[]>`
        select id, stored from observations.keep(
          ${plainArray(all.map(({ event }) => event.eventId))}::uuid[],
          ${plainArray(all.map(({ event }) => event.payload.jobId))}::uuid[],
          ${plainArray(all.map(({ event }) => Date.parse(event.occurredAt)))}::bigint[],
          ${plainArray(all.map(({ event, place }) => (place === 0 ? 0 : bitOf(event))))}::bigint[],
          ${plainArray(all.map(({ place }) => place))}::integer[],
          ${JSON.stringify(batches.map(headOf))}::text::json,
          ${Buffer.concat(batches.map(({ body }) => body))}::bytea,
          ${JSON.stringify([...alone].map(rowOf))}::text::json,
          ${JSON.stringify(countsOf(tallyOf(events, { now: now(), typeLabel })))}::text::json,
          ${deltas}, ${dropped}, ${maxFeedEntries}
        )`,
    );
    const met = new Map<string, boolean>();
    for (const { id, stored } of rows) met.set(id, stored || met.get(id) === true);
    return met;
  }

  return {
    /** Stores and counts up to 1,000 distinct events. Returns the events that were not stored before. */
    async record(events: readonly JobEvent[]): Promise<readonly JobEvent[]> {
      const alone = withoutPlace(events);
      // Nearly always, all events are new and one statement is enough. If some are not new, that statement has changed
      // nothing, and it is repeated with the new events only.
      for (let left = events; left.length > 0; ) {
        const met = await keep(left, alone);
        if (met.size === 0) return left;
        const found = (event: JobEvent) => met.get(event.eventId.toLowerCase());
        for (const event of left) {
          if (found(event) === true) alone.delete(event);
          else if (found(event) === false) alone.add(event);
        }
        left = left.filter((event) => found(event) !== true);
      }
      return [];
    },

    async rehearse(): Promise<void> {
      await ask("write", (sql) =>
        rehearse(
          sql,
          (tx) => tx`
            select observations.keep(
              array[gen_random_uuid()], array[gen_random_uuid()], array[0], array[2], array[1],
              ${JSON.stringify([CANARY])}::text::json, '', '[]', '[]', '[]', 0, ${maxFeedEntries})`,
        ),
      );
    },
  };
}

const CANARY = {
  from: 0,
  to: 0,
  types: "canary",
  events: 1,
  bytes: 0,
  created: { count: 0, check: "0".repeat(16) },
  ended: { count: 0, check: "0".repeat(16) },
};

/**
 * Returns the events that need rows of their own: those that cannot be in a batch, and those with the job and sequence
 * number of an earlier event.
 */
function withoutPlace(events: readonly JobEvent[]): Set<JobEvent> {
  const taken = new Set<string>();
  return new Set(
    events.filter((event) => {
      const { jobId, sequence } = event.payload;
      const place = `${jobId.toLowerCase()}/${sequence}`;
      if (!isBatchable(event) || taken.has(place)) return true;
      taken.add(place);
      return false;
    }),
  );
}

function bitOf({ payload: { sequence } }: JobEvent): string {
  return String(1n << BigInt(sequence));
}

function headOf({ from, to, types, events, created, ended, body }: ReturnType<typeof batchesOf>[number]) {
  return { from, to, types: types.join(), events: events.length, created, ended, bytes: body.length };
}

function rowOf(event: JobEvent) {
  const { jobId, sequence } = event.payload;
  const run = "run" in event.payload ? event.payload.run : null;
  const at = Date.parse(event.occurredAt);
  return [event.eventId, jobId, sequence, event.eventType, at, run, JSON.stringify(event)];
}

function countsOf({ totals, execution, queueWait, minutes, late, lastEventAt }: Tally): Count[] {
  const counts: Count[] = lastEventAt > 0 ? [[ALL_TIME, "latest", "", lastEventAt]] : [];
  const add = (minute: number, kind: string, numbers: ReadonlyMap<string, number>) => {
    for (const [field, value] of numbers) counts.push([minute, kind, field, value]);
  };
  add(ALL_TIME, "totals", totals);
  add(ALL_TIME, "execution", execution);
  add(ALL_TIME, "queueWait", queueWait);
  add(ALL_TIME, "late", late);
  for (const [minute, kinds] of minutes)
    for (const kind of ["counts", "execution", "queueWait"] as const) add(minute, kind, kinds[kind]);
  return counts;
}
