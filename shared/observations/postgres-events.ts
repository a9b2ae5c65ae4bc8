import type { EventEnvelope } from "../../contracts/envelope.ts";
import type { EventType } from "../../contracts/events.ts";
import { plainArray } from "../postgres.ts";
import { decodeCursor, encodeCursor } from "./event-cursor.ts";
import type { EventQuery, ObservationReader } from "./port.ts";
import type { PostgresStore } from "./postgres-store.ts";

const TERMINAL_EVENTS = ["job.completed", "job.failed", "job.cancelled", "job.rejected"] as const;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Old events are deleted in steps, so that none takes long. */
const PRUNED_AT_ONCE = 10_000;

interface Kept {
  readonly event_id: string;
  readonly job_id: string;
  readonly at: string;
  readonly run: number | null;
}

/** The stored events, read in the order of an index, each page or chunk after the last. */
export function createPostgresEvents({ ask }: PostgresStore) {
  /** Chunks of one type, oldest first. */
  async function* chunks(eventType: EventType, before: Date, size: number): AsyncIterable<readonly Kept[]> {
    let last: Kept | undefined;
    do {
      const chunk: readonly Kept[] = await ask(
        "read events",
        (sql) => sql<Kept[]>`
          select event_id, job_id, at, run from observations.events
          where event_type = ${eventType} and at < ${before.getTime()}
            ${last ? sql`and (at, event_id) > (${last.at}::bigint, ${last.event_id}::uuid)` : sql``}
          order by at, event_id limit ${size}`,
      );
      if (chunk.length > 0) yield chunk;
      last = chunk.length < size ? undefined : chunk.at(-1);
    } while (last);
  }

  return {
    async storedIds(eventIds: readonly string[]): Promise<ReadonlySet<string>> {
      const rows = await ask(
        "look up events",
        (sql) => sql<{ event_id: string }[]>`
          select event_id from observations.events
          where event_id = any(${plainArray(eventIds.filter((id) => UUID.test(id)))}::uuid[])`,
      );
      const stored = new Set(rows.map((row) => row.event_id));
      return new Set(eventIds.filter((id) => stored.has(id.toLowerCase())));
    },

    async page(query: EventQuery): Promise<{ items: readonly EventEnvelope[]; nextCursor: string | null }> {
      const { jobId, eventType, limit } = query;
      const position = decodeCursor(query);
      if (jobId !== undefined && !UUID.test(jobId)) return { items: [], nextCursor: null };
      const rows = await ask("read a page of events", (sql) => {
        const type = eventType === undefined ? sql`` : sql`and event_type = ${eventType}`;
        const after = position && sql`(${position.at}::bigint, ${position.eventId}::uuid)`;
        const found = jobId
          ? sql`where job_id = ${jobId} ${type} ${after ? sql`and (sequence, event_id) > ${after}` : sql``}
              order by sequence, event_id`
          : sql`where true ${type} ${after ? sql`and (at, event_id) < ${after}` : sql``}
              order by at desc, event_id desc`;
        return sql<{ event_id: string; sequence: number; at: string; envelope: string }[]>`
          select event_id, sequence, at, envelope from observations.events ${found} limit ${limit + 1}`;
      });
      const shown = rows.slice(0, limit);
      const last = rows.length > limit ? shown.at(-1) : undefined;
      return {
        items: shown.map(({ envelope }) => JSON.parse(envelope) as EventEnvelope),
        nextCursor: last
          ? encodeCursor(query, {
              at: jobId === undefined ? Number(last.at) : last.sequence,
              eventId: last.event_id,
            })
          : null,
      };
    },

    async *created(before, chunkSize) {
      for await (const chunk of chunks("job.created", before, chunkSize))
        yield chunk.map(({ event_id, job_id }) => ({ eventId: event_id, jobId: job_id }));
    },

    async *terminal(before, chunkSize) {
      for (const eventType of TERMINAL_EVENTS)
        for await (const chunk of chunks(eventType, before, chunkSize))
          yield chunk.map(({ event_id, job_id, run }) => ({
            eventId: event_id,
            jobId: job_id,
            run: run ?? 1,
          }));
    },

    async prune(before: Date): Promise<number> {
      for (let total = 0; ; ) {
        const { count } = await ask(
          "delete old events",
          (sql) => sql`
            delete from observations.events where event_id in (
              select event_id from observations.events where at < ${before.getTime()} limit ${PRUNED_AT_ONCE})`,
        );
        total += count;
        if (count < PRUNED_AT_ONCE) return total;
      }
    },
  } satisfies {
    page: ObservationReader["events"];
    created: ObservationReader["createdEvents"];
    terminal: ObservationReader["terminalEvents"];
  } & Record<string, unknown>;
}
