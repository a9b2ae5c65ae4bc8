import { type Collection, type Filter, MongoBulkWriteError, MongoNetworkError, type Sort } from "mongodb";
import type { EventEnvelope } from "../../contracts/envelope.ts";
import type { JobEvent } from "../../contracts/events.ts";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import { decodeCursor, encodeCursor } from "./event-cursor.ts";
import { createMongoLink, OPERATION_MS } from "./mongo-link.ts";
import type { CreatedEvent, EventQuery } from "./port.ts";
import { createReadGate } from "./read-gate.ts";
import { asking } from "./store-unavailable.ts";

/** One stored event. It is written once and never changed. */
interface EventDocument {
  readonly _id: string;
  readonly jobId: string;
  readonly sequence: number;
  readonly eventType: string;
  readonly occurredAt: Date;
  readonly run?: number;
  /** The token of the claim it was stored under. */
  readonly claim: string;
  /** The whole envelope as JSON text: what is read back is what came, and it is the cheapest thing to store. */
  readonly envelope: string;
}

const EVENTS = "events";
const DURABLE = { writeConcern: { w: "majority", journal: true } } as const;
const DUPLICATE_KEY = 11_000;
/**
 * FerretDB 1.24 reads a collection from its start until it meets an `_id` (3 µs a document), and reads and unpacks all
 * of it for an `$in` (75 µs a document). From about so many ids on, one `$in` costs less; for MongoDB both are quick.
 */
const FEW = 50;
/** Below the size of the pool, so that none waits for a connection. */
const AT_A_TIME = 8;
/**
 * The server abandons a page after this long, whether or not its caller still waits. Without a limit of the server's own,
 * abandoned reads ran to their end: on FerretDB, which reads the whole collection for each, they piled up until recording
 * stood still, and it stood still for minutes after the last reader had gone.
 */
const READ_MS = 2_000;
/** The reply to a read that the server gave up takes a moment. */
const READ_REPLY_MS = READ_MS + 1_000;
const READS = { atATime: 2, maxWaiting: 100, waitMs: READ_MS };
/** How long what goes over a whole collection may take, in the background. */
const LONG_OPERATION_MS = 120_000;
const TERMINAL_EVENTS = ["job.completed", "job.failed", "job.cancelled", "job.rejected"];

/** MongoDB needs them. FerretDB keeps them and reads by none; its index on `_id` only finds duplicates. */
export const EVENT_INDEXES = [
  { name: "job_sequence", key: { jobId: 1, sequence: 1, _id: 1 } },
  { name: "time", key: { occurredAt: -1, _id: -1 } },
  { name: "type_time", key: { eventType: 1, occurredAt: -1, _id: -1 } },
] as const;

/**
 * The event store: append-only documents whose `_id` is the event id. Only operations that MongoDB and FerretDB share.
 */
export function createMongoEvents({ url, log }: { url: string; log: Log }) {
  const link = createMongoLink({ url, log });
  const gate = createReadGate(READS);
  const use = <T>(what: string, call: (events: Collection<EventDocument>) => Promise<T>, limitMs?: number) =>
    link.use(what, (db) => call(db.collection<EventDocument>(EVENTS, DURABLE)), limitMs);

  async function insertOnce(
    events: Collection<EventDocument>,
    documents: readonly EventDocument[],
  ): Promise<number[]> {
    try {
      await events.insertMany(documents, { ordered: false });
      return [];
    } catch (error) {
      if (!(error instanceof MongoBulkWriteError)) throw error;
      // Duplicates beside a majority that did not answer are not durable yet: the batch must come again.
      if (error.result.getWriteConcernError()) throw error;
      const faults = [error.writeErrors].flat();
      if (faults.length === 0 || faults.some(({ code }) => code !== DUPLICATE_KEY)) throw error;
      return faults.map(({ index }) => index);
    }
  }

  /** Pages of at most `size` documents of one projection, so that a reader never holds more. */
  async function* chunks(filter: Filter<EventDocument>, fields: readonly string[], size: number) {
    const projection = Object.fromEntries(fields.map((field) => [field, 1]));
    const cursor = link.collection<EventDocument>(EVENTS).find(filter, {
      projection,
      batchSize: size,
      maxTimeMS: LONG_OPERATION_MS,
    });
    try {
      for (;;) {
        const chunk = await use("read events", async () => {
          const documents: EventDocument[] = [];
          while (documents.length < size) {
            const next = await cursor.next();
            if (!next) break;
            documents.push(next);
          }
          return documents;
        });
        if (chunk.length > 0) yield chunk;
        if (chunk.length < size) return;
      }
    } finally {
      await cursor.close();
    }
  }

  /** The claims of stored events by id, in lower case: few are looked up one by one, many in one pass. */
  async function lookUp(what: string, eventIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const ids = eventIds.map((id) => id.toLowerCase());
    const projection = { claim: 1 };
    const found: (Pick<EventDocument, "_id" | "claim"> | null)[] = [];
    if (ids.length > FEW) {
      const options = { projection, batchSize: ids.length, maxTimeMS: LONG_OPERATION_MS };
      found.push(
        ...(await use(
          what,
          (events) => events.find({ _id: { $in: ids } }, options).toArray(),
          LONG_OPERATION_MS,
        )),
      );
    } else {
      const options = { projection, maxTimeMS: OPERATION_MS };
      for (let i = 0; i < ids.length; i += AT_A_TIME) {
        const some = ids.slice(i, i + AT_A_TIME);
        found.push(
          ...(await use(what, (events) => Promise.all(some.map((_id) => events.findOne({ _id }, options))))),
        );
      }
    }
    return new Map(found.flatMap((document) => (document ? [[document._id, document.claim]] : [])));
  }

  return {
    /**
     * Stores events; those whose id is already stored stay as they are. Returns the indexes of these. A connection
     * that broke is tried once more: whatever the first try stored is then among them.
     */
    async insert(claimed: readonly { event: JobEvent; token: string }[]): Promise<number[]> {
      const documents = claimed.map(documentOf);
      const what = "store events";
      try {
        return await use(what, (events) => insertOnce(events, documents));
      } catch (error) {
        if (!(error instanceof AppError && error.cause instanceof MongoNetworkError)) throw error;
        return await use(what, (events) => insertOnce(events, documents));
      }
    },

    /** The claims that events were stored under, in the order of the ids; undefined where there is no event. */
    async claimsOf(eventIds: readonly string[]): Promise<(string | undefined)[]> {
      const found = await lookUp("look up claims", eventIds);
      return eventIds.map((id) => found.get(id.toLowerCase()));
    },

    async storedIds(eventIds: readonly string[]): Promise<ReadonlySet<string>> {
      const found = await lookUp("look up events", eventIds);
      return new Set(eventIds.filter((id) => found.has(id.toLowerCase())));
    },

    async page(query: EventQuery): Promise<{ items: readonly EventEnvelope[]; nextCursor: string | null }> {
      const { filter, sort } = pageOf(query);
      const what = "read a page of events";
      const options = {
        sort,
        limit: query.limit + 1,
        projection: { sequence: 1, occurredAt: 1, envelope: 1 },
        maxTimeMS: READ_MS,
      };
      const documents = await asking("mongodb", what, () =>
        gate.run(() => use(what, (events) => events.find(filter, options).toArray(), READ_REPLY_MS)),
      );
      const shown = documents.slice(0, query.limit);
      const last = shown.at(-1);
      const more = documents.length > query.limit && last;
      return {
        items: shown.map(({ envelope }) => JSON.parse(envelope) as EventEnvelope),
        nextCursor: more
          ? encodeCursor(query, {
              at: query.jobId === undefined ? last.occurredAt.getTime() : last.sequence,
              eventId: last._id,
            })
          : null,
      };
    },

    async *created(before: Date, chunkSize: number): AsyncIterable<readonly CreatedEvent[]> {
      const filter = { eventType: "job.created", occurredAt: { $lt: before } };
      for await (const chunk of chunks(filter, ["jobId"], chunkSize))
        yield chunk.map(({ _id, jobId }) => ({ eventId: _id, jobId }));
    },

    async *terminal(before: Date, chunkSize: number) {
      const filter = { eventType: { $in: TERMINAL_EVENTS }, occurredAt: { $lt: before } };
      for await (const chunk of chunks(filter, ["jobId", "run"], chunkSize))
        yield chunk.map(({ _id, jobId, run = 1 }) => ({ eventId: _id, jobId, run }));
    },

    async prune(before: Date): Promise<number> {
      const old = { occurredAt: { $lt: before } };
      const { deletedCount } = await use(
        "delete old events",
        (events) => events.deleteMany(old),
        LONG_OPERATION_MS,
      );
      return deletedCount;
    },

    /** Writes a document beside the events and deletes it. */
    async rehearse(): Promise<void> {
      await link.use("write", async (db) => {
        const canaries = db.collection<{ _id: string }>("canaries", DURABLE);
        const _id = crypto.randomUUID();
        await canaries.insertOne({ _id });
        await canaries.deleteOne({ _id });
      });
    },

    /** Make the indexes that are not there yet. */
    async prepare(): Promise<void> {
      // One by one: FerretDB 1.24 breaks the connection over a call that makes several.
      for (const { name, key } of EVENT_INDEXES)
        await use("make indexes", (events) => events.createIndex({ ...key }, { name }), LONG_OPERATION_MS);
    },

    ping: () => link.use("ping", (db) => db.command({ ping: 1 })),
    close: link.close,
  };
}
export type MongoEvents = ReturnType<typeof createMongoEvents>;

function documentOf({ event, token }: { event: JobEvent; token: string }): EventDocument {
  const { payload } = event;
  return {
    // UUIDs are equal in either case (RFC 9562, section 4), document ids are not.
    _id: event.eventId.toLowerCase(),
    jobId: payload.jobId,
    sequence: payload.sequence,
    eventType: event.eventType,
    occurredAt: new Date(event.occurredAt),
    ...("run" in payload && { run: payload.run }),
    claim: token,
    envelope: JSON.stringify(event),
  };
}

/** Keyset paging: after the position, in an order that no two events share, so that arrivals move nothing. */
function pageOf(query: EventQuery): { filter: Filter<EventDocument>; sort: Sort } {
  const position = decodeCursor(query);
  const type = query.eventType === undefined ? {} : { eventType: query.eventType };
  if (query.jobId !== undefined) {
    const after = position && {
      $or: [{ sequence: { $gt: position.at } }, { sequence: position.at, _id: { $gt: position.eventId } }],
    };
    return { filter: { jobId: query.jobId, ...type, ...after }, sort: { sequence: 1, _id: 1 } };
  }
  const at = position && new Date(position.at);
  const before = position && {
    $or: [{ occurredAt: { $lt: at } }, { occurredAt: at, _id: { $lt: position.eventId } }],
  };
  return { filter: { ...type, ...before } as Filter<EventDocument>, sort: { occurredAt: -1, _id: -1 } };
}
