import type { Log } from "../../log.ts";
import { BATCH_SPAN_MS } from "../event-batch.ts";
import { decodeCursor, type EventPosition } from "../event-cursor.ts";
import { type EventPage, pageOfJob, pageOfTime } from "../event-pages.ts";
import { sumOf } from "../id-sum.ts";
import type { CreatedEvent, EventQuery, EventSpan, LedgerSums } from "../port.ts";
import { createReadGate } from "../read-gate.ts";
import { orUnavailable } from "../store-unavailable.ts";
import { TERMINAL_EVENTS } from "../terminal-events.ts";
import { createMongoAlone } from "./alone.ts";
import { createMongoBatches } from "./batches.ts";
import { DURABLE } from "./insert.ts";
import { createMongoLink } from "./link.ts";

/**
 * The server abandons reading a page after this long, whether or not its caller still waits. Without a limit on the
 * server, reads continued after their callers had left. On FerretDB, which reads the whole collection for each page,
 * such reads piled up until recording stopped, and it resumed only minutes after the last reader had left.
 */
const READ_MS = 2_000;
/** The client waits longer than the server reads, so that the server can report that it has abandoned a read. */
const READ_REPLY_MS = READ_MS + 1_000;
const READS = { atATime: 2, maxWaiting: 100, waitMs: READ_MS };

/**
 * Opens the event store. It holds batches of events and, in documents of their own, the events that cannot be in a batch
 * (see `isBatchable`) or that were stored before batches existed.
 */
export function createMongoEvents({ url, log }: { url: string; log: Log }) {
  const link = createMongoLink({ url, log });
  const gate = createReadGate(READS);
  const batches = createMongoBatches(link);
  const alone = createMongoAlone(link);

  async function readPage(query: EventQuery, position: EventPosition | undefined): Promise<EventPage> {
    const others = await alone.page(query, position, READ_MS);
    if (query.jobId !== undefined)
      return pageOfJob(query, position, await batches.ofJob(query.jobId, READ_MS), others);
    return await pageOfTime(query, position, others, batches.byTime(query, position, READ_MS));
  }

  async function* kept(types: readonly string[], span: EventSpan, size: number) {
    let waiting: (CreatedEvent & { run: number })[] = [];
    for await (const events of batches.inSpan(types, span)) {
      for (const { eventId, payload } of events)
        waiting.push({
          eventId: eventId.toLowerCase(),
          jobId: payload.jobId.toLowerCase(),
          run: "run" in payload ? payload.run : 1,
        });
      for (; waiting.length >= size; waiting = waiting.slice(size)) yield waiting.slice(0, size);
    }
    if (waiting.length > 0) yield waiting;
    yield* alone.kept(types, span, size);
  }

  return {
    batches,
    alone,

    async page(query: EventQuery): Promise<EventPage> {
      const what = "read a page of events";
      const position = decodeCursor(query);
      return await orUnavailable("mongodb", what, () =>
        gate.run(() => link.use(what, () => readPage(query, position), READ_REPLY_MS)),
      );
    },

    async storedIds(wanted: readonly CreatedEvent[]): Promise<ReadonlySet<string>> {
      if (wanted.length === 0) return new Set();
      const [inBatches, others] = await Promise.all([
        batches.tokensOf(wanted.map(({ jobId }) => jobId)),
        alone.claimsOf(wanted.map(({ eventId }) => eventId)),
      ]);
      const isStored = (id: string) => inBatches.has(id) || others.has(id);
      return new Set(wanted.flatMap(({ eventId }) => (isStored(eventId.toLowerCase()) ? [eventId] : [])));
    },

    async ledgerSums(span: EventSpan): Promise<LedgerSums> {
      const parts = await Promise.all([batches.sums(span), alone.sums(span)]);
      return {
        created: sumOf(parts.map(({ created }) => created)),
        ended: sumOf(parts.map(({ ended }) => ended)),
      };
    },

    async *created(span: EventSpan, size: number): AsyncIterable<readonly CreatedEvent[]> {
      for await (const chunk of kept(["job.created"], span, size))
        yield chunk.map(({ eventId, jobId }) => ({ eventId, jobId }));
    },

    terminal: (span: EventSpan, size: number) => kept(TERMINAL_EVENTS, span, size),

    /** Deletes whole minutes only: events that occurred in the same minute as `before` stay. */
    async prune(before: Date): Promise<number> {
      const end = new Date(Math.floor(before.getTime() / BATCH_SPAN_MS) * BATCH_SPAN_MS);
      return (await batches.prune(end)) + (await alone.prune(end));
    },

    isEmpty: async () => (await batches.isEmpty()) && (await alone.isEmpty()),

    /** Checks that the store accepts writes: inserts a document into a separate collection and deletes it. */
    async rehearse(): Promise<void> {
      await link.use("write", async (db) => {
        const canaries = db.collection<{ _id: string }>("canaries", DURABLE);
        const _id = crypto.randomUUID();
        await canaries.insertOne({ _id });
        await canaries.deleteOne({ _id });
      });
    },

    /** Creates the missing indexes. */
    async prepare(): Promise<void> {
      await alone.prepare();
      await batches.prepare();
    },

    ping: () => link.use("ping", (db) => db.command({ ping: 1 })),
    close: link.close,
  };
}
export type MongoEvents = ReturnType<typeof createMongoEvents>;
