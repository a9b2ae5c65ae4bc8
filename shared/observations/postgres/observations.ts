import { createBoundedLabels } from "../../bounded-labels.ts";
import { ConfigError } from "../../config.ts";
import type { Log } from "../../log.ts";
import type { Observations } from "../port.ts";
import { createChunkedRecord } from "../record-in-chunks.ts";
import { answers } from "../store-unavailable.ts";
import { MAX_TYPES } from "../tally.ts";
import { waitForEngines } from "../wait-for-engines.ts";
import { createPostgresCounters } from "./counters.ts";
import { createPostgresEvents } from "./events.ts";
import { createPostgresFeed } from "./feed.ts";
import { createPostgresLedgerEvents } from "./ledger-events.ts";
import { createPostgresRecord } from "./record.ts";
import { createPostgresStore } from "./store.ts";

export interface PostgresObservationsOptions {
  readonly eventsUrl: string;
  readonly cacheUrl: string;
  readonly log: Log;
  readonly now?: () => number;
  readonly maxFeedEntries?: number;
}

/**
 * Opens observations in a schema of one PostgreSQL database, which may be the job store's. Each chunk of a batch is one
 * transaction, which stores its events, counts them and publishes them on the feed. Counts are therefore exact even if
 * a process dies halfway, and a batch whose reply was lost is recognized when it is redelivered. Throws
 * {@link ConfigError} if the URLs name two databases.
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
  const bounded = createBoundedLabels(MAX_TYPES);
  // PostgreSQL text cannot contain NUL or half of a surrogate pair.
  const typeLabel = (type: string) => bounded(type.toWellFormed().replaceAll("\0", "\ufffd"));
  const ledger = createPostgresLedgerEvents(store);
  const counters = createPostgresCounters({ store, now, typeLabel });
  const recorder = createPostgresRecord({ store, now, typeLabel, maxFeedEntries });
  const feed = createPostgresFeed(store);

  let closing: Promise<void> | undefined;
  async function close(): Promise<void> {
    feed.close();
    await store.close();
  }

  return {
    record: createChunkedRecord(recorder.record),
    rehearse: recorder.rehearse,
    recordSnapshot: counters.recordSnapshot,
    async prune(before) {
      await counters.prune(before);
      return await events.prune(before);
    },
    totals: counters.totals,
    series: counters.series,
    latestSnapshot: counters.latestSnapshot,
    events: events.page,
    ledgerSums: ledger.ledgerSums,
    lateEvents: counters.lateEvents,
    createdEvents: ledger.created,
    storedIds: events.storedIds,
    terminalEvents: ledger.terminal,
    follow: feed.follow,
    health: async () => ({ postgres: await answers(store.ping) }),
    connected: (signal) => waitForEngines(async () => void (await store.ping()), { log, signal }),
    close() {
      closing ??= close();
      return closing;
    },
  };
}

/** Returns a URL's server and database, without user and settings. */
function databaseOf(url: string): string {
  try {
    const { hostname, port, pathname } = new URL(url);
    return `${hostname}:${port || 5432}${pathname}`;
  } catch {
    // A PostgreSQL URL may name several hosts or a socket path, which the URL parser refuses.
    return url;
  }
}
