import type { Redis } from "ioredis";
import { pause } from "../async.ts";
import { AppError } from "../errors.ts";
import { deltasOf } from "./feed-entry.ts";
import { createFeedQueue, type FeedQueue, isAfter } from "./feed-queue.ts";
import type { FeedEntry } from "./port.ts";
import { asking } from "./store-unavailable.ts";

const BLOCK_MS = 2_000;
const PAGE = 200;

type RawEntry = [id: string, fields: string[]];

/**
 * The reading end of the live feed, a Redis stream. All followers of a process share one blocking read on a connection
 * of its own. A follower registers for what is new first and reads what it has missed after that, so nothing falls
 * between the two; what it then gets twice is told by the id.
 */
export function createRedisFeed(ports: { redis: Redis; blocking: Redis; key: string }) {
  const { redis, blocking, key } = ports;
  const followers = new Set<FeedQueue>();
  let reading = false;
  let closed = false;

  /** The id of the last entry that was ever added. */
  async function lastId(): Promise<string> {
    const last = await asking("redis", "read the live feed", () =>
      redis.xrevrange(key, "+", "-", "COUNT", 1),
    );
    return last[0]?.[0] ?? "0-0";
  }

  /** Read on from `position` for as long as somebody follows. A lost connection only pauses it. */
  async function readOn(position: string): Promise<void> {
    let at = position;
    while (!closed && followers.size > 0) {
      try {
        const reply = await blocking.xread("COUNT", PAGE, "BLOCK", BLOCK_MS, "STREAMS", key, at);
        for (const [id, fields] of (reply?.[0]?.[1] ?? []) as RawEntry[]) {
          at = id;
          const entry = entryOf([id, fields]);
          for (const follower of followers) follower.push(entry);
        }
      } catch {
        // The connection logs its loss and comes back by itself; the position is kept, so nothing is skipped.
        if (!closed) await pause(200);
      }
    }
    reading = false;
  }

  function start(position: string): void {
    if (reading) return;
    reading = true;
    void readOn(position);
  }

  /** Whether the feed still holds the entry, so that what came after it is all there. */
  async function holds(id: string): Promise<boolean> {
    const found = await asking("redis", "read the live feed", () => redis.xrange(key, id, id));
    return found.length > 0;
  }

  async function* follow(after: string | null, signal: AbortSignal): AsyncIterable<FeedEntry> {
    if (after !== null && !isStreamId(after))
      throw new AppError("INVALID_CURSOR", "The id is not one of the live feed");
    const queue = createFeedQueue(signal);
    followers.add(queue);
    try {
      let position = await lastId();
      start(position);
      if (after !== null) {
        let dropped = (await holds(after)) ? 0 : 1;
        let from = after;
        // Up to a whole feed may have been missed: it is read page by page.
        for (;;) {
          const page = await asking("redis", "read the live feed", () =>
            redis.xrange(key, `(${from}`, "+", "COUNT", PAGE),
          );
          for (const raw of page) {
            if (signal.aborted) return;
            const entry = entryOf(raw as RawEntry);
            from = entry.id;
            yield { ...entry, dropped: entry.dropped + dropped };
            dropped = 0;
          }
          if (page.length < PAGE) break;
        }
        // Something is missing and nothing new tells of it: say so at once.
        if (dropped > 0) yield { id: position, deltas: [], dropped };
        else position = from;
      }
      for (;;) {
        const entry = await queue.next();
        if (!entry) return;
        if (isAfter(entry.id, position)) yield entry;
      }
    } finally {
      followers.delete(queue);
    }
  }

  return {
    follow,
    close(): void {
      closed = true;
      for (const follower of followers) follower.end();
    },
  };
}

function entryOf([id, fields]: RawEntry): FeedEntry {
  const value = (name: string) => fields[fields.indexOf(name) + 1] ?? "";
  return { id, deltas: deltasOf(value("deltas")), dropped: Number(value("dropped")) };
}

/** `milliseconds-sequence`, both unsigned 64-bit numbers (Redis, Streams introduction). */
function isStreamId(text: string): boolean {
  const parts = /^(\d{1,20})-(\d{1,20})$/.exec(text);
  return parts !== null && BigInt(parts[1]!) < 2n ** 64n && BigInt(parts[2]!) < 2n ** 64n;
}
