import type { Log } from "../../log.ts";
import { createMongoEvents } from "../mongo/events.ts";
import type { Observations } from "../port.ts";
import { createChunkedRecord } from "../record-in-chunks.ts";
import { createRedisCounters } from "../redis/counters.ts";
import { createRedisFeed } from "../redis/feed.ts";
import { connectRedis } from "../redis/link.ts";
import { parseRedisUrl } from "../redis/url.ts";
import { answers } from "../store-unavailable.ts";
import { waitForEngines } from "../wait-for-engines.ts";
import { createMongoRedisRecord } from "./record.ts";

export interface MongoRedisOptions {
  readonly eventsUrl: string;
  readonly cacheUrl: string;
  readonly log: Log;
  readonly now?: () => number;
  readonly maxSeen?: number;
  readonly maxFeedEntries?: number;
}

/**
 * How far ahead of the clock the first horizon is set. The horizon is a time: Redis still remembers every counted event
 * whose job id contains a later time (see COUNT in redis/scripts.ts). Earlier versions stored events without
 * maintaining a horizon, so the first horizon must be later than the times in all their job ids. None of these times is
 * further ahead of the clock than this.
 */
const HORIZON_AHEAD_MS = 3_600_000;

/**
 * Opens observations in MongoDB (events) and Redis (all counts). `createMongoRedisRecord` describes how each event is
 * counted once. Redis keeps the ids of recently counted events (`seen`), which save a look-up in MongoDB for new events
 * and for recent repetitions.
 *
 * An event is counted only after it is stored. Counts that Redis itself loses are lost for good, because nothing is
 * recounted from MongoDB. A call of `record` returns the events that it counted as `fresh`. If Redis's reply to the
 * last step is lost, its events are counted, but no call reports them as fresh.
 */
export function createMongoRedisObservations({
  eventsUrl,
  cacheUrl,
  log,
  now = Date.now,
  maxSeen = 250_000,
  maxFeedEntries = 4_000,
}: MongoRedisOptions): Observations {
  const address = parseRedisUrl(cacheUrl);
  const redis = connectRedis(address, { log, name: "observations" });
  const blocking = connectRedis(address, { log, name: "observations-feed", blocking: true });
  const store = createMongoEvents({ url: eventsUrl, log });
  const { prefix } = address;
  const counters = createRedisCounters({ redis, prefix, now, maxSeen, maxFeedEntries });
  const feed = createRedisFeed({ redis, blocking, key: `${prefix}feed` });

  const recordChunk = createMongoRedisRecord({ store, counters });

  let closing: Promise<void> | undefined;
  async function close(): Promise<void> {
    feed.close();
    blocking.disconnect();
    redis.disconnect();
    await store.close();
  }

  return {
    record: createChunkedRecord(recordChunk),
    rehearse: async () => void (await Promise.all([store.rehearse(), counters.rehearse()])),
    recordSnapshot: counters.recordSnapshot,
    async prune(before) {
      await counters.prune(before);
      return await store.prune(before);
    },
    totals: counters.totals,
    series: counters.series,
    latestSnapshot: counters.latestSnapshot,
    events: store.page,
    ledgerSums: store.ledgerSums,
    lateEvents: counters.lateEvents,
    createdEvents: store.created,
    storedIds: store.storedIds,
    terminalEvents: store.terminal,
    follow: feed.follow,
    async health() {
      const [mongodb, ofRedis] = await Promise.all([answers(store.ping), answers(counters.ping)]);
      return { mongodb, redis: ofRedis };
    },
    async connected(signal) {
      const prepare = async () => {
        await store.prepare();
        // If no event is stored yet, Redis cannot have forgotten any, so the horizon is set to the earliest time.
        await counters.setHorizon((await store.isEmpty()) ? 0 : now() + HORIZON_AHEAD_MS);
      };
      await waitForEngines(prepare, { log, signal });
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}
