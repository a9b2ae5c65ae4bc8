import { ConfigError } from "../config.ts";
import type { Log } from "../log.ts";
import type { Observations } from "./port.ts";
import { createPostgresCounters } from "./postgres-counters.ts";
import { createPostgresEvents } from "./postgres-events.ts";
import { createPostgresFeed } from "./postgres-feed.ts";
import { createPostgresStore } from "./postgres-store.ts";
import { reach } from "./reach.ts";
import { createChunkedRecord } from "./record-in-chunks.ts";
import { answers } from "./store-unavailable.ts";

export interface PostgresObservationsOptions {
  readonly eventsUrl: string;
  readonly cacheUrl: string;
  readonly log: Log;
  readonly now?: () => number;
  readonly maxFeedEntries?: number;
}

/**
 * Observations in a schema of one PostgreSQL database, which may be that of the job store. Each chunk of a batch is one
 * transaction: an event is stored, counted and published on the feed, or none of these. So counts are exact whatever dies,
 * and a batch whose reply was lost is known when it comes again.
 */
export function createPostgresObservations({
  eventsUrl,
  cacheUrl,
  log,
  now = Date.now,
  maxFeedEntries = 4_000,
}: PostgresObservationsOptions): Observations {
  if (databaseOf(eventsUrl) !== databaseOf(cacheUrl))
    throw new ConfigError(
      "EVENTS_URL and CACHE_URL name two PostgreSQL databases: expected one, because events and counts are written together",
    );
  const store = createPostgresStore({ url: eventsUrl, log });
  const events = createPostgresEvents(store);
  const counters = createPostgresCounters({ store, now, maxFeedEntries });
  const feed = createPostgresFeed(store);

  let closing: Promise<void> | undefined;
  async function close(): Promise<void> {
    feed.close();
    await store.close();
  }

  return {
    record: createChunkedRecord(counters.record),
    rehearse: counters.rehearse,
    recordSnapshot: counters.recordSnapshot,
    async prune(before) {
      await counters.prune();
      return await events.prune(before);
    },
    totals: counters.totals,
    series: counters.series,
    latestSnapshot: counters.latestSnapshot,
    events: events.page,
    createdEvents: events.created,
    storedIds: events.storedIds,
    terminalEvents: events.terminal,
    follow: feed.follow,
    health: async () => ({ postgres: await answers(store.ping) }),
    connected: (signal) => reach(async () => void (await store.ping()), { log, signal }),
    close() {
      closing ??= close();
      return closing;
    },
  };
}

/** Where a URL leads, whatever the user and the settings in it. */
function databaseOf(url: string): string {
  try {
    const { hostname, port, pathname } = new URL(url);
    return `${hostname}:${port || 5432}${pathname}`;
  } catch {
    // Several hosts, or a socket's path: PostgreSQL's URLs allow more than the web's.
    return url;
  }
}
