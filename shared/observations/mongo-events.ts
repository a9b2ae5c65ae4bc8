import {
  type Collection,
  type Db,
  type Filter,
  MongoBulkWriteError,
  MongoClient,
  MongoNetworkError,
  type Sort,
} from "mongodb";
import type { EventEnvelope } from "../../contracts/envelope.ts";
import type { JobEvent } from "../../contracts/events.ts";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { decodeCursor, encodeCursor } from "./event-cursor.ts";
import type { CreatedEvent, EventQuery } from "./port.ts";
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

const DUPLICATE_KEY = 11_000;
const TERMINAL_EVENTS = ["job.completed", "job.failed", "job.cancelled", "job.rejected"];

/** FerretDB keeps indexes but looks up by `_id` alone; MongoDB needs the rest. */
export const EVENT_INDEXES = [
  { name: "job_sequence", key: { jobId: 1, sequence: 1, _id: 1 } },
  { name: "time", key: { occurredAt: -1, _id: -1 } },
  { name: "type_time", key: { eventType: 1, occurredAt: -1, _id: -1 } },
] as const;

/**
 * The event store: append-only documents whose `_id` is the event id. Only operations that MongoDB and FerretDB share.
 * Sets of ids are looked up one by one, because FerretDB reads the whole collection for an `$in`.
 */
export function createMongoEvents({ url, log }: { url: string; log: Log }) {
  const client = connect(url, log);
  const db: Db = client.db(databaseOf(url));
  const events: Collection<EventDocument> = db.collection("events", {
    writeConcern: { w: "majority", journal: true },
  });

  async function insertOnce(documents: readonly EventDocument[]): Promise<number[]> {
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
    const cursor = events.find(filter, { projection, batchSize: size });
    try {
      for (;;) {
        const chunk = await asking("mongodb", "read events", async () => {
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

  return {
    /**
     * Store events; those whose id is there already are left as they are. Gives the indexes of these. A connection
     * that broke is tried once more: whatever the first try stored is then among them.
     */
    async insert(claimed: readonly { event: JobEvent; token: string }[]): Promise<number[]> {
      const documents = claimed.map(documentOf);
      return await asking("mongodb", "store events", async () => {
        try {
          return await insertOnce(documents);
        } catch (error) {
          if (!(error instanceof MongoNetworkError)) throw error;
          return await insertOnce(documents);
        }
      });
    },

    /** The claims that events were stored under, in the order of the ids; undefined where there is no event. */
    async claimsOf(eventIds: readonly string[]): Promise<(string | undefined)[]> {
      return await asking("mongodb", "look up claims", () =>
        Promise.all(
          eventIds.map(
            async (id) =>
              (await events.findOne({ _id: id.toLowerCase() }, { projection: { claim: 1 } }))?.claim,
          ),
        ),
      );
    },

    async storedIds(eventIds: readonly string[]): Promise<ReadonlySet<string>> {
      const found = await asking("mongodb", "look up events", () =>
        Promise.all(
          eventIds.map((id) => events.findOne({ _id: id.toLowerCase() }, { projection: { _id: 1 } })),
        ),
      );
      return new Set(eventIds.filter((_, i) => found[i]));
    },

    async page(query: EventQuery): Promise<{ items: readonly EventEnvelope[]; nextCursor: string | null }> {
      const { filter, sort } = pageOf(query);
      const documents = await asking("mongodb", "read a page of events", () =>
        events
          .find(filter, {
            sort,
            limit: query.limit + 1,
            projection: { sequence: 1, occurredAt: 1, envelope: 1 },
          })
          .toArray(),
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
      return await asking("mongodb", "delete old events", async () => {
        const { deletedCount } = await events.deleteMany({ occurredAt: { $lt: before } });
        return deletedCount;
      });
    },

    /** Make the indexes that are not there yet. */
    async prepare(): Promise<void> {
      // One by one: FerretDB 1.24 breaks the connection over a call that makes several.
      await asking("mongodb", "make indexes", async () => {
        for (const { name, key } of EVENT_INDEXES) await events.createIndex({ ...key }, { name });
      });
    },

    ping: () => asking("mongodb", "ping", () => db.command({ ping: 1 })),
    close: () => client.close(),
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

function connect(url: string, log: Log): MongoClient {
  const client = new MongoClient(url, {
    appName: "observatory",
    serverSelectionTimeoutMS: 1_000,
    connectTimeoutMS: 2_000,
    socketTimeoutMS: 5_000,
    maxPoolSize: 10,
  });
  let away = false;
  client.on("serverHeartbeatFailed", ({ failure }) => {
    if (!away) log.warn("MongoDB is away", { reason: messageOf(failure) });
    away = true;
  });
  client.on("serverHeartbeatSucceeded", () => {
    if (away) log.info("MongoDB is back");
    away = false;
  });
  return client;
}

/** The database in the URL's path; `observatory` where there is none. */
function databaseOf(url: string): string {
  return /^mongodb(?:\+srv)?:\/\/[^/]+\/([^?/]+)/.exec(url)?.[1] ?? "observatory";
}
