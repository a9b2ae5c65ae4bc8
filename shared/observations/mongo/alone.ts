import type { Filter, Sort } from "mongodb";
import type { JobEvent } from "../../../contracts/events.ts";
import type { EventPosition } from "../event-cursor.ts";
import { createIdSum } from "../id-sum.ts";
import type { EventQuery, EventSpan, LedgerSums } from "../port.ts";
import { TERMINAL_EVENTS } from "../terminal-events.ts";
import { insertNew } from "./insert.ts";
import { type MongoLink, OPERATION_MS } from "./link.ts";
import { LONG_OPERATION_MS, readInChunks } from "./read.ts";

/** An event stored alone, that is, not as part of a batch. It is written once and never changed. */
interface EventDocument {
  readonly _id: string;
  readonly jobId: string;
  readonly sequence: number;
  readonly eventType: string;
  readonly occurredAt: Date;
  readonly run?: number;
  /** The token under which the event's id was claimed for counting when the event was stored. */
  readonly claim: string;
  /** The whole envelope as JSON text, which preserves it exactly. */
  readonly envelope: string;
}

const EVENTS = "events";
/**
 * To look up one `_id`, FerretDB 1.24 scans the collection from its start until it finds it (3 µs per document). For an
 * `$in`, it reads and unpacks the whole collection (75 µs per document). Above about this many ids, one `$in` is
 * cheaper than that many lookups. In MongoDB, both are fast.
 */
const FEW = 50;
/** Lower than the pool's size, so no look-up waits for a connection. */
const AT_A_TIME = 8;
const SUMMED_AT_ONCE = 10_000;

/**
 * Indexes for MongoDB. FerretDB stores them but never uses them to read; it uses its index on `_id` only to find
 * duplicates.
 */
export const EVENT_INDEXES = [
  { name: "job_sequence", key: { jobId: 1, sequence: 1, _id: 1 } },
  { name: "time", key: { occurredAt: -1, _id: -1 } },
  { name: "type_time", key: { eventType: 1, occurredAt: -1, _id: -1 } },
] as const;

/**
 * Stores each event that cannot be in a batch as a document of its own, by event id. The same collection holds the
 * events of earlier versions, which had no batches.
 */
export function createMongoAlone(link: MongoLink) {
  const collection = () => link.collection<EventDocument>(EVENTS);
  const chunks = (filter: Filter<EventDocument>, fields: readonly string[], size: number) =>
    readInChunks(link, () => collection().find(filter, readOptions(fields, size)), size);

  return {
    /**
     * Stores events under their tokens, except those whose id is already stored. Returns the indexes of the events that
     * it did not store.
     */
    insert: (claimed: readonly { event: JobEvent; token: string }[]): Promise<number[]> =>
      insertNew<EventDocument>(link, EVENTS, claimed.map(documentOf)),

    /**
     * Returns the claim tokens of those events that are stored, by lower-case event id. Looks up a few ids one by one,
     * and many ids in one pass.
     */
    async claimsOf(eventIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
      const ids = eventIds.map((id) => id.toLowerCase());
      const projection = { claim: 1 };
      const found: (Pick<EventDocument, "_id" | "claim"> | null)[] = [];
      if (ids.length > FEW) {
        const options = { projection, batchSize: ids.length, maxTimeMS: LONG_OPERATION_MS };
        const all = () =>
          collection()
            .find({ _id: { $in: ids } }, options)
            .toArray();
        found.push(...(await link.use("look up events", all, LONG_OPERATION_MS)));
      } else {
        const options = { projection, maxTimeMS: OPERATION_MS };
        for (let i = 0; i < ids.length; i += AT_A_TIME) {
          const some = ids.slice(i, i + AT_A_TIME);
          const each = () => Promise.all(some.map((_id) => collection().findOne({ _id }, options)));
          found.push(...(await link.use("look up events", each)));
        }
      }
      return new Map(found.flatMap((document) => (document ? [[document._id, document.claim]] : [])));
    },

    /** Returns a page's events, and one more if another page follows. */
    async page(
      query: EventQuery,
      position: EventPosition | undefined,
      maxTimeMS: number,
    ): Promise<JobEvent[]> {
      const { filter, sort } = pageOf(query, position);
      const options = { sort, limit: query.limit + 1, projection: { envelope: 1 }, maxTimeMS };
      const documents = await collection().find(filter, options).toArray();
      return documents.map(({ envelope }) => JSON.parse(envelope) as JobEvent);
    },

    async sums(span: EventSpan): Promise<LedgerSums> {
      const created = createIdSum();
      const ended = createIdSum();
      const filter = { eventType: { $in: ["job.created", ...TERMINAL_EVENTS] }, occurredAt: inSpan(span) };
      for await (const chunk of chunks(filter, ["eventType"], SUMMED_AT_ONCE))
        for (const { _id, eventType } of chunk) (eventType === "job.created" ? created : ended).add(_id);
      return { created: created.sum(), ended: ended.sum() };
    },

    async *kept(types: readonly string[], span: EventSpan, size: number) {
      const filter = { eventType: { $in: [...types] }, occurredAt: inSpan(span) };
      for await (const chunk of chunks(filter, ["jobId", "run"], size))
        yield chunk.map(({ _id, jobId, run = 1 }) => ({ eventId: _id, jobId, run }));
    },

    isEmpty: async () => (await link.use("search for events", () => collection().findOne({}))) === null,

    async prune(before: Date): Promise<number> {
      const old = { occurredAt: { $lt: before } };
      const remove = () => collection().deleteMany(old);
      return (await link.use("delete old events", remove, LONG_OPERATION_MS)).deletedCount;
    },

    /** Creates the missing indexes. */
    async prepare(): Promise<void> {
      // Indexes are created one by one, because FerretDB 1.24 drops the connection on a call that creates several.
      for (const { name, key } of EVENT_INDEXES)
        await link.use(
          "create indexes",
          () => collection().createIndex({ ...key }, { name }),
          LONG_OPERATION_MS,
        );
    },
  };
}

const inSpan = ({ from, before }: EventSpan) => ({ $gte: from, $lt: before });

function readOptions(fields: readonly string[], size: number) {
  const projection = Object.fromEntries(fields.map((field) => [field, 1]));
  return { projection, batchSize: size, maxTimeMS: LONG_OPERATION_MS };
}

function documentOf({ event, token }: { event: JobEvent; token: string }): EventDocument {
  const { payload } = event;
  return {
    // UUIDs are case-insensitive (RFC 9562, section 4), but document ids are not.
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

/**
 * Keyset paging: a page continues after a position, in an order that is unique per event. New events therefore do not
 * shift the pages.
 */
function pageOf(
  query: EventQuery,
  position: EventPosition | undefined,
): { filter: Filter<EventDocument>; sort: Sort } {
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
