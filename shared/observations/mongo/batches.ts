import { Binary, type Filter } from "mongodb";
import type { JobEvent } from "../../../contracts/events.ts";
import { BATCH_SPAN_MS, type EventBatch, readBatch } from "../event-batch.ts";
import type { EventPosition } from "../event-cursor.ts";
import type { StoredBatch } from "../event-pages.ts";
import { createIdSum, type IdSum, sumOf } from "../id-sum.ts";
import type { EventQuery, EventSpan, LedgerSums } from "../port.ts";
import { TERMINAL_EVENTS } from "../terminal-events.ts";
import { insertNew } from "./insert.ts";
import type { MongoLink } from "./link.ts";
import { LONG_OPERATION_MS, readInChunks } from "./read.ts";

/** A batch of events. It is written once and never changed. */
interface BatchDocument {
  /** The token under which a metrics-engine claimed the events before it stored them. */
  readonly _id: string;
  readonly from: Date;
  readonly to: Date;
  readonly types: readonly string[];
  readonly jobs: readonly string[];
  readonly ids: readonly string[];
  readonly created: IdSum;
  readonly ended: IdSum;
  readonly body: Binary;
}

const BATCHES = "batches";
/**
 * Batches read per query. Most pages need only one or two batches, but FerretDB reads the whole collection for each
 * query, so a page should rarely need a second query.
 */
const READ_AT_ONCE = 8;
const PRUNED_AT_ONCE = 500;
const NO_IDS: IdSum = createIdSum().sum();

export const BATCH_INDEXES = [
  { name: "jobs", key: { jobs: 1 } },
  { name: "time", key: { to: -1, _id: -1 } },
  { name: "type_time", key: { types: 1, to: -1, _id: -1 } },
] as const;

/**
 * Stores many events in each document, with search keys. Uses only operations that both MongoDB and FerretDB support.
 */
export function createMongoBatches(link: MongoLink) {
  const collection = () => link.collection<BatchDocument>(BATCHES);

  return {
    /**
     * Stores batches under their tokens. Returns the indexes of the batches that were not stored, because their token
     * was taken.
     */
    insert: (batches: readonly { token: string; batch: EventBatch }[]): Promise<number[]> =>
      insertNew<BatchDocument>(link, BATCHES, batches.map(documentOf)),

    /**
     * Takes a token permanently if nothing is stored under it, so a later attempt to store under this token changes
     * nothing.
     */
    bar: async (token: string): Promise<void> =>
      void (await insertNew<BatchDocument>(link, BATCHES, [barOf(token)])),

    /** Returns the tokens of all stored events of these jobs, by event id. */
    async tokensOf(jobIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
      const jobs = [...new Set(jobIds.map((id) => id.toLowerCase()))];
      const options = { projection: { ids: 1 }, maxTimeMS: LONG_OPERATION_MS };
      const read = () =>
        collection()
          .find({ jobs: { $in: jobs } }, options)
          .toArray();
      const found = await link.use("look up events", read, LONG_OPERATION_MS);
      return new Map(found.flatMap(({ _id, ids }) => ids.map((id) => [id, _id])));
    },

    /** Returns the event ids stored under a token; undefined if the token is not taken. */
    async idsUnder(token: string): Promise<readonly string[] | undefined> {
      const read = () => collection().findOne({ _id: token }, { projection: { ids: 1 } });
      return (await link.use("look up events", read))?.ids;
    },

    /** Returns every batch that contains a job's events. */
    async ofJob(jobId: string, maxTimeMS: number): Promise<StoredBatch[]> {
      const options = { projection: { to: 1, body: 1 }, maxTimeMS };
      const found = await collection().find({ jobs: jobId.toLowerCase() }, options).toArray();
      return found.map(storedOf);
    },

    /**
     * Returns a function that reads the next {@link READ_AT_ONCE} batches per call, by the time of their latest event,
     * newest first.
     */
    byTime(query: EventQuery, position: EventPosition | undefined, maxTimeMS: number) {
      let last: BatchDocument | undefined;
      return async (): Promise<StoredBatch[]> => {
        const found = await collection()
          .find(olderThan(query, position, last), {
            sort: { to: -1, _id: -1 },
            limit: READ_AT_ONCE,
            projection: { to: 1, body: 1 },
            maxTimeMS,
          })
          .toArray();
        last = found.at(-1) ?? last;
        return found.map(storedOf);
      };
    },

    /** Yields the events of some types in a span, one batch at a time. */
    async *inSpan(types: readonly string[], span: EventSpan): AsyncIterable<JobEvent[]> {
      const filter = { ...overlapping(span), types: { $in: [...types] } };
      const options = { projection: { body: 1 }, batchSize: READ_AT_ONCE, maxTimeMS: LONG_OPERATION_MS };
      const documents = readInChunks(link, () => collection().find(filter, options), READ_AT_ONCE);
      for await (const some of documents) for (const { body } of some) yield eventsIn(body, types, span);
    },

    async sums(span: EventSpan): Promise<LedgerSums> {
      const options = { projection: { from: 1, to: 1, created: 1, ended: 1 }, maxTimeMS: LONG_OPERATION_MS };
      const read = () => collection().find(overlapping(span), options).toArray();
      const found = await link.use("sum up events", read, LONG_OPERATION_MS);
      const isWhole = ({ from, to }: BatchDocument) => from >= span.from && to < span.before;
      const whole = found.filter(isWhole);
      const split = found.filter((batch) => !isWhole(batch)).map(({ _id }) => _id);
      const bodies =
        split.length === 0
          ? []
          : await link.use(
              "sum up events",
              () =>
                collection()
                  .find({ _id: { $in: split } }, { projection: { body: 1 } })
                  .toArray(),
              LONG_OPERATION_MS,
            );
      const ofSplit = (types: readonly string[]) => {
        const sum = createIdSum();
        for (const { body } of bodies)
          for (const { eventId } of eventsIn(body, types, span)) sum.add(eventId);
        return sum.sum();
      };
      return {
        created: sumOf([...whole.map(({ created }) => created), ofSplit(["job.created"])]),
        ended: sumOf([...whole.map(({ ended }) => ended), ofSplit(TERMINAL_EVENTS)]),
      };
    },

    isEmpty: async () =>
      (await link.use("search for events", () => collection().findOne({}, { projection: { _id: 1 } }))) ===
      null,

    async prune(before: Date): Promise<number> {
      const options = { projection: { ids: 1 }, limit: PRUNED_AT_ONCE, maxTimeMS: LONG_OPERATION_MS };
      for (let total = 0; ; ) {
        const read = () =>
          collection()
            .find({ to: { $lt: before } }, options)
            .toArray();
        const old = await link.use("search for old events", read, LONG_OPERATION_MS);
        if (old.length === 0) return total;
        const remove = () => collection().deleteMany({ _id: { $in: old.map(({ _id }) => _id) } });
        await link.use("delete old events", remove, LONG_OPERATION_MS);
        total += old.reduce((sum, { ids }) => sum + ids.length, 0);
      }
    },

    /** Creates the missing indexes. */
    async prepare(): Promise<void> {
      // Indexes are created one by one, because FerretDB 1.24 drops the connection on a call that creates several.
      for (const { name, key } of BATCH_INDEXES)
        await link.use(
          "create indexes",
          () => collection().createIndex({ ...key }, { name }),
          LONG_OPERATION_MS,
        );
    },
  };
}

function documentOf({ token, batch }: { token: string; batch: EventBatch }): BatchDocument {
  const { from, to, types, created, ended, events, body } = batch;
  return {
    _id: token,
    from: new Date(from),
    to: new Date(to),
    types,
    // MongoDB compares strings case-sensitively, but UUIDs are case-insensitive (RFC 9562, section 4).
    jobs: [...new Set(events.map(({ payload }) => payload.jobId.toLowerCase()))],
    ids: events.map(({ eventId }) => eventId.toLowerCase()),
    created,
    ended,
    body: new Binary(body),
  };
}

/** Builds the empty document that reserves a token. It is pruned like a batch of events that occurred now. */
function barOf(token: string): BatchDocument {
  const now = new Date();
  const nothing = { types: [], jobs: [], ids: [], created: NO_IDS, ended: NO_IDS };
  return { _id: token, from: now, to: now, ...nothing, body: new Binary(Bun.zstdCompressSync("")) };
}

function storedOf({ to, body }: BatchDocument): StoredBatch {
  return { to: to.getTime(), body: body.buffer };
}

function eventsIn(body: Binary, types: readonly string[], { from, before }: EventSpan): JobEvent[] {
  return readBatch(body.buffer, { types }).filter(({ occurredAt }) => {
    const at = Date.parse(occurredAt);
    return at >= from.getTime() && at < before.getTime();
  });
}

function overlapping({ from, before }: EventSpan): Filter<BatchDocument> {
  return { to: { $gte: from, $lt: new Date(before.getTime() + BATCH_SPAN_MS) }, from: { $lt: before } };
}

function olderThan(
  { eventType }: EventQuery,
  position: EventPosition | undefined,
  last: BatchDocument | undefined,
): Filter<BatchDocument> {
  const bounds: Filter<BatchDocument>[] = [];
  if (eventType) bounds.push({ types: eventType });
  if (position)
    bounds.push({
      to: { $lte: new Date(position.at + BATCH_SPAN_MS) },
      from: { $lte: new Date(position.at) },
    });
  if (last) bounds.push({ $or: [{ to: { $lt: last.to } }, { to: last.to, _id: { $lt: last._id } }] });
  return bounds.length === 0 ? {} : { $and: bounds };
}
