import { pause } from "../async.ts";
import { AppError } from "../errors.ts";
import { createFeedQueue, type FeedQueue } from "./feed-queue.ts";
import type { FeedEntry, ObservationReader } from "./port.ts";

/** The maximum number of entries in a page. */
export const FEED_PAGE = 200;

/**
 * The store of a feed's entries. Ids are ordered, and a new entry never appears before one that is already readable.
 */
export interface FeedSource {
  /** Whether this feed could have issued the id. */
  isId(text: string): boolean;
  isAfter(id: string, other: string): boolean;
  /** Returns the last entry's id, or an id before all entries if there are none. */
  lastId(): Promise<string>;
  holds(id: string): Promise<boolean>;
  /** Returns at most {@link FEED_PAGE} entries after an id, oldest first. */
  page(after: string): Promise<readonly FeedEntry[]>;
  /**
   * Like `page`, but if there are no entries, waits for new ones for a limited time. Only one caller uses it at a time.
   */
  next(after: string): Promise<readonly FeedEntry[]>;
  /** Releases the resources of `next`, which will not be called for a while. */
  rest(): void;
}

/**
 * Creates the reading end of the live feed. All followers in a process share one waiting reader. A follower first
 * subscribes to new entries and then reads the ones it missed, so none are lost in between; an entry received twice is
 * recognized by its id.
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
        // The connection logs its own loss and recovers. Reading resumes at the same position, so nothing is skipped.
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
      throw new AppError("INVALID_CURSOR", "The id does not belong to the live feed");
    const queue = createFeedQueue(signal);
    followers.add(queue);
    try {
      let position = await source.lastId();
      start(position);
      if (after !== null) {
        let dropped = (await source.holds(after)) ? 0 : 1;
        let from = after;
        // The follower may have missed every entry in the feed, so the entries are read page by page.
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
        // If entries were lost and no later entry was there to report the loss, an empty entry reports it.
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
