import type { Redis } from "ioredis";
import { deltasOf } from "../feed-entry.ts";
import { isAfter } from "../feed-queue.ts";
import { createLiveFeed, FEED_PAGE } from "../live-feed.ts";
import type { FeedEntry } from "../port.ts";
import { orUnavailable } from "../store-unavailable.ts";

const BLOCK_MS = 2_000;

type RawEntry = [id: string, fields: string[]];

/** Reads the live feed from a Redis stream. Waiting for new entries blocks a connection, so a separate one is used for that. */
export function createRedisFeed(ports: { redis: Redis; blocking: Redis; key: string }) {
  const { redis, blocking, key } = ports;
  const ask = <T>(call: () => Promise<T>) => orUnavailable("redis", "read the live feed", call);

  return createLiveFeed({
    isId: isStreamId,
    isAfter,
    async lastId() {
      const last = await ask(() => redis.xrevrange(key, "+", "-", "COUNT", 1));
      return last[0]?.[0] ?? "0-0";
    },
    holds: async (id) => (await ask(() => redis.xrange(key, id, id))).length > 0,
    async page(after) {
      const page = await ask(() => redis.xrange(key, `(${after}`, "+", "COUNT", FEED_PAGE));
      return (page as RawEntry[]).map(entryOf);
    },
    async next(after) {
      const reply = await blocking.xread("COUNT", FEED_PAGE, "BLOCK", BLOCK_MS, "STREAMS", key, after);
      return ((reply?.[0]?.[1] ?? []) as RawEntry[]).map(entryOf);
    },
    // Nothing to release: a blocking read soon times out, or ends with its connection.
    rest: () => undefined,
  });
}

function entryOf([id, fields]: RawEntry): FeedEntry {
  const value = (name: string) => fields[fields.indexOf(name) + 1] ?? "";
  return { id, deltas: deltasOf(value("deltas")), dropped: Number(value("dropped")) };
}

/** Whether a string has the form of a stream entry's id: `milliseconds-sequence`, both unsigned 64-bit integers. */
function isStreamId(text: string): boolean {
  const parts = /^(\d{1,20})-(\d{1,20})$/.exec(text);
  return parts !== null && BigInt(parts[1]!) < 2n ** 64n && BigInt(parts[2]!) < 2n ** 64n;
}
