import { pause } from "../async.ts";
import { AppError } from "../errors.ts";
import { createFeedQueue, type FeedQueue } from "./feed-queue.ts";
import type { FeedEntry, ObservationReader } from "./port.ts";

/** Entries read at once. */
export const FEED_PAGE = 200;

/** Where a feed's entries are stored. Ids are ordered, and no entry is ever added before a readable one. */
export interface FeedSource {
  /** Whether this feed can have issued such an id. */
  isId(text: string): boolean;
  isAfter(id: string, other: string): boolean;
  /** The id of the last entry ever added, or one before all others. */
  lastId(): Promise<string>;
  holds(id: string): Promise<boolean>;
  /** At most {@link FEED_PAGE} entries after an id, in order. */
  page(after: string): Promise<readonly FeedEntry[]>;
  /** Like `page`, but waits a while when there are none. Called by one caller at a time. */
  next(after: string): Promise<readonly FeedEntry[]>;
  /** Called when `next` will not be called for a while. */
  rest(): void;
}

/**
 * The reading end of the live feed. All followers of a process share one waiting reader. A follower first subscribes to
 * new entries and then reads those it missed, so none is lost in between; an entry received twice is recognized by its
 * id.
 */
export function createLiveFeed(source: FeedSource) {
  const followers = new Set<FeedQueue>();
  let reading = false;
  let closed = false;

  /** Continues reading from `position` while there are followers. A lost connection only pauses it. */
  async function readOn(position: string): Promise<void> {
    let at = position;
    while (!closed && followers.size > 0) {
      try {
        for (const entry of await source.next(at)) {
          at = entry.id;
          for (const follower of followers) follower.push(entry);
        }
      } catch {
        // The connection logs its loss and recovers by itself; the position is kept, so nothing is skipped.
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
        // Up to a whole feed may have been missed, so it is read page by page.
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
        // Something is missing and no new entry will report it, so report it at once.
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
