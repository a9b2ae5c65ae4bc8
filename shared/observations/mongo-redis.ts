import type { JobEvent } from "../../contracts/events.ts";
import type { Log } from "../log.ts";
import { createMongoEvents } from "./mongo-events.ts";
import type { Observations } from "./port.ts";
import { reach } from "./reach.ts";
import { createChunkedRecord } from "./record-in-chunks.ts";
import { type Claimed, createRedisCounters } from "./redis-counters.ts";
import { createRedisFeed } from "./redis-feed.ts";
import { connectRedis } from "./redis-link.ts";
import { parseRedisUrl } from "./redis-url.ts";
import { answers } from "./store-unavailable.ts";

export interface MongoRedisOptions {
  readonly eventsUrl: string;
  readonly cacheUrl: string;
  readonly log: Log;
  readonly now?: () => number;
  readonly maxSeen?: number;
  readonly maxFeedEntries?: number;
}

/**
 * Observations in MongoDB (events) and Redis (everything that is counted).
 *
 * How an event is counted once, with two stores and no transaction over both:
 *  1. claim   Redis  an id that was not counted gets a claim: a token never used before. A claim that is there stays.
 *  2. store   MongoDB  the event goes in under its id with that token. If it is there already, its token is read.
 *  3. count   Redis  in one step: if the claim still has the token under which the event is stored, it is removed and
 *             the event is counted. A stored event with another token was counted before: its new claim is dropped.
 * So a stored event was counted, or its claim still holds the token it is stored under. Whatever dies in between, at
 * whichever step, whichever reply is lost: the batch comes again, finds that claim and goes on. Two engines with the
 * same event share its claim; the one that removes it counts. No clock and no window takes part, so a duplicate may
 * come days later, as when an idempotency key is used again. The ids in `seen` only spare a second look in MongoDB at
 * what comes twice shortly.
 *
 * Counters follow storage, never lead. What Redis itself loses is lost: nothing is counted again from MongoDB. `fresh`
 * are the events this call counted; when the reply to step 3 is lost, they are counted but no call calls them fresh.
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

  async function recordChunk(events: readonly JobEvent[]): Promise<readonly JobEvent[]> {
    const tokens = await counters.claim(events);
    const claimed = events.flatMap((event, i): Claimed[] => {
      const token = tokens[i];
      return token === undefined ? [] : [{ event, token }];
    });
    if (claimed.length === 0) return [];

    const there = (await store.insert(claimed)).map((index) => claimed[index]!);
    if (there.length === 0) return await counters.count(claimed, []);

    const storedUnder = await store.claimsOf(there.map(({ event }) => event.eventId));
    const release = there.filter(({ token }, i) => storedUnder[i] !== token);
    const released = new Set(release);
    return await counters.count(
      claimed.filter((one) => !released.has(one)),
      release,
    );
  }

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
    prune: store.prune,
    totals: counters.totals,
    series: counters.series,
    latestSnapshot: counters.latestSnapshot,
    events: store.page,
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
        await counters.ping();
      };
      await reach(prepare, { log, signal });
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}
