import type { JobEvent } from "../../../contracts/events.ts";
import { eventIdAt } from "../../../contracts/ids.ts";
import { isUuid } from "../../../contracts/schema.ts";
import { plainArray } from "../../postgres.ts";
import { BATCH_SPAN_MS, LAST_BATCHED_SEQUENCE, readBatch } from "../event-batch.ts";
import { decodeCursor } from "../event-cursor.ts";
import { type EventPage, pageOfJob, pageOfTime } from "../event-pages.ts";
import type { CreatedEvent, EventQuery } from "../port.ts";
import type { PostgresStore } from "./store.ts";

/** Number of batches read in one query. Most pages need one or two. */
const READ_AT_ONCE = 4;
/** Old batches and events are deleted in small steps, which do not delay recording. */
const PRUNED_BATCHES = 50;
const PRUNED_EVENTS = 10_000;

interface Batch {
  readonly id: string;
  readonly to: number;
  readonly body: Uint8Array;
}

/** Reads and prunes the stored events, both those in batches and those stored as rows of their own. */
export function createPostgresEvents({ ask }: PostgresStore) {
  async function ofJob(query: EventQuery & { jobId: string }): Promise<EventPage> {
    const { jobId, eventType, limit } = query;
    const position = decodeCursor(query);
    if (!isUuid(jobId)) return { items: [], nextCursor: null };
    const [batches, alone] = await ask("read a page of events", (sql) =>
      Promise.all([
        sql<Batch[]>`
          select batch.id, batch.at_max::float8 as to, batch.body
          from observations.seen job, unnest(job.batches) as listed (id)
          join observations.batches batch on batch.id = listed.id
          where job.job_id = ${jobId}`,
        sql<{ envelope: string }[]>`
          select envelope from observations.events where job_id = ${jobId}
            ${eventType === undefined ? sql`` : sql`and event_type = ${eventType}`}
            ${position ? sql`and (sequence, event_id) > (${position.at}::float8, ${position.eventId}::uuid)` : sql``}
          order by sequence, event_id limit ${limit + 1}`,
      ]),
    );
    return pageOfJob(query, position, batches, alone.map(eventOf));
  }

  async function ofTime(query: EventQuery): Promise<EventPage> {
    const { eventType, limit } = query;
    const position = decodeCursor(query);
    const alone = await ask(
      "read a page of events",
      (sql) => sql<{ envelope: string }[]>`
        select envelope from observations.events where true
          ${eventType === undefined ? sql`` : sql`and event_type = ${eventType}`}
          ${position ? sql`and (at, event_id) < (${position.at}::bigint, ${position.eventId}::uuid)` : sql``}
        order by at desc, event_id desc limit ${limit + 1}`,
    );
    let last: Batch | undefined;
    return await pageOfTime(query, position, alone.map(eventOf), async () => {
      const batches = await ask(
        "read a page of events",
        (sql) => sql<Batch[]>`
          select id, at_max::float8 as to, body from observations.batches where true
            ${eventType === undefined ? sql`` : sql.unsafe(`and '${eventType}' = any(types)`)}
            ${position ? sql`and at_max <= ${position.at + BATCH_SPAN_MS} and at_min <= ${position.at}` : sql``}
            ${last ? sql`and (at_max, id) < (${last.to}::bigint, ${last.id}::bigint)` : sql``}
          order by at_max desc, id desc limit ${READ_AT_ONCE}`,
      );
      last = batches.at(-1) ?? last;
      return batches;
    });
  }

  return {
    async storedIds(wanted: readonly CreatedEvent[]): Promise<ReadonlySet<string>> {
      const valid = wanted.filter(({ eventId, jobId }) => isUuid(eventId) && isUuid(jobId));
      const [jobs, alone] = await ask("look up events", (sql) =>
        Promise.all([
          sql<{ id: string; mask: string; created: string | null }[]>`
            select job_id as id, mask, created from observations.seen
            where job_id = any(${plainArray(valid.map(({ jobId }) => jobId))}::uuid[])`,
          sql<{ id: string }[]>`
            select event_id as id from observations.events
            where event_id = any(${plainArray(valid.map(({ eventId }) => eventId))}::uuid[])`,
        ]),
      );
      const stored = new Set([...alone.map(({ id }) => id), ...jobs.flatMap(idsIn)]);
      return new Set(wanted.flatMap(({ eventId }) => (stored.has(eventId.toLowerCase()) ? [eventId] : [])));
    },

    page: (query: EventQuery): Promise<EventPage> =>
      query.jobId === undefined ? ofTime(query) : ofJob({ ...query, jobId: query.jobId }),

    /** Deletes whole minutes only: events in the same minute as `before` stay. */
    async prune(before: Date): Promise<number> {
      const end = Math.floor(before.getTime() / BATCH_SPAN_MS) * BATCH_SPAN_MS;
      let total = 0;
      for (;;) {
        const old = await ask(
          "search for old events",
          (sql) => sql<(Batch & { events: number })[]>`
            select id, at_max::float8 as to, body, events from observations.batches where at_max < ${end}
            order by at_max, id limit ${PRUNED_BATCHES}`,
        );
        if (old.length === 0) break;
        const jobs = new Set(old.flatMap(({ body }) => readBatch(body).map(({ payload }) => payload.jobId)));
        const ids = plainArray(old.map(({ id }) => id));
        await ask(
          "delete old events",
          (sql) => sql`
            select observations.forget(${ids}::bigint[], ${plainArray([...jobs])}::uuid[], ${end})`,
        );
        total += old.reduce((sum, { events }) => sum + events, 0);
      }
      for (;;) {
        const { count } = await ask(
          "delete old events",
          (sql) => sql`
            delete from observations.events where event_id in (
              select event_id from observations.events where at < ${end} limit ${PRUNED_EVENTS})`,
        );
        total += count;
        if (count < PRUNED_EVENTS) return total;
      }
    },
  };
}

function eventOf({ envelope }: { envelope: string }): JobEvent {
  return JSON.parse(envelope) as JobEvent;
}

/**
 * Returns the ids of those of a job's events that are stored in batches. An event's id is derived from its sequence
 * number, except that of `job.created`, which is stored.
 */
function idsIn({ id, mask, created }: { id: string; mask: string; created: string | null }): string[] {
  const bits = BigInt(mask);
  const ids = created === null ? [] : [created];
  for (let sequence = 1; sequence <= LAST_BATCHED_SEQUENCE; sequence++)
    if ((bits >> BigInt(sequence)) & 1n) ids.push(eventIdAt(id, sequence));
  return ids;
}
