import { pause } from "../async.ts";
import { AppError } from "../errors.ts";
import { createFeedQueue, type FeedQueue } from "./feed-queue.ts";
import type { FeedEntry, ObservationReader } from "./port.ts";

/** Entries that are read at a time. */
export const FEED_PAGE = 200;

/** Where a feed's entries are kept. Ids are ordered, and an entry is never added before one that can be read. */
export interface FeedSource {
  /** Whether this feed can have given such an id. */
  isId(text: string): boolean;
  isAfter(id: string, other: string): boolean;
  /** The id of the last entry that was ever added; one before all others where there is none. */
  lastId(): Promise<string>;
  holds(id: string): Promise<boolean>;
  /** At most {@link FEED_PAGE} entries after an id, in their order. */
  page(after: string): Promise<readonly FeedEntry[]>;
  /** As `page`, but waits a while where there are none. Asked by one caller at a time. */
  next(after: string): Promise<readonly FeedEntry[]>;
  /** No caller waits for `next` until it is called again. */
  rest(): void;
}

/**
 * The reading end of the live feed. All followers of a process share one waiting reader. A follower registers for what
 * is new first and reads what it has missed after that, so nothing falls between the two; what it then gets twice is
 * told by the id.
 */
export function createLiveFeed(source: FeedSource) {
  const followers = new Set<FeedQueue>();
  let reading = false;
  let closed = false;

  /** Read on from `position` for as long as somebody follows. A lost connection only pauses it. */
  async function readOn(position: string): Promise<void> {
    let at = position;
    while (!closed && followers.size > 0) {
      try {
        for (const entry of await source.next(at)) {
          at = entry.id;
          for (const follower of followers) follower.push(entry);
        }
      } catch {
        // The connection logs its loss and comes back by itself; the position is kept, so nothing is skipped.
        if (!closed) await pause(200);
      }
    }
    reading = false;
    source.rest();
  }

  function start(position: string): void {
    if (reading) return;
    reading = true;
    void readOn(position);
  }

  async function* follow(after: string | null, signal: AbortSignal): AsyncIterable<FeedEntry> {
    if (after !== null && !source.isId(after))
      throw new AppError("INVALID_CURSOR", "The id is not one of the live feed");
    const queue = createFeedQueue(signal);
    followers.add(queue);
    try {
      let position = await source.lastId();
      start(position);
      if (after !== null) {
        let dropped = (await source.holds(after)) ? 0 : 1;
        let from = after;
        // Up to a whole feed may have been missed: it is read page by page.
        for (;;) {
          const page = await source.page(from);
          for (const entry of page) {
            if (signal.aborted) return;
            from = entry.id;
            yield { ...entry, dropped: entry.dropped + dropped };
            dropped = 0;
          }
          if (page.length < FEED_PAGE) break;
        }
        // Something is missing and nothing new tells of it: say so at once.
        if (dropped > 0) yield { id: position, deltas: [], dropped };
        else position = from;
      }
      for (;;) {
        const entry = await queue.next();
        if (!entry) return;
        if (source.isAfter(entry.id, position)) yield entry;
      }
    } finally {
      followers.delete(queue);
    }
  }

  return {
    follow: follow satisfies ObservationReader["follow"],
    close(): void {
      closed = true;
      for (const follower of followers) follower.end();
      source.rest();
    },
  };
}
