import { type Collection, type Db, type Document, MongoClient, MongoTopologyClosedError } from "mongodb";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { answers, asking } from "./store-unavailable.ts";

/** How long MongoDB may take with one operation. */
export const OPERATION_MS = 5_000;
const CLOSE_MS = 1_000;

interface Link {
  readonly client: MongoClient;
  readonly db: Db;
  /** Whether it was of use yet. */
  reached: boolean;
}

/**
 * A connection pool to MongoDB of which every use ends in time and which comes back by itself: `use` rejects with
 * `STORE_UNAVAILABLE` when an operation fails or takes longer than its limit. The driver alone does not give that:
 * - A client whose first connection fails closes itself for good. It is thrown away for a new one.
 * - In Bun, writing to a socket whose other side has just closed it is neither an error nor is it ever drained, and the
 *   driver waits for one of both without a limit, keeping its place in the pool. A client with such an operation is
 *   thrown away too. Letting the event loop turn once before an operation makes that rare: it notices most sockets
 *   that broke while they were idle.
 */
export function createMongoLink({ url, log }: { url: string; log: Log }) {
  let away = false;
  let closed = false;
  let link = open();
  const discarded = new Set<Promise<void>>();

  function open(): Link {
    const client = connect(url);
    client.on("serverHeartbeatFailed", ({ failure }) => tell(client, failure));
    client.on("serverHeartbeatSucceeded", () => tell(client));
    return { client, db: client.db(databaseOf(url)), reached: false };
  }

  function tell(client: MongoClient, failure?: Error): void {
    const isAway = failure !== undefined;
    if (client !== link.client || away === isAway) return;
    away = isAway;
    if (away) log.warn("MongoDB is away", { reason: messageOf(failure) });
    else log.info("MongoDB is back");
  }

  function discard(used: Link): void {
    if (used !== link || closed) return;
    link = open();
    const closing = closeSoon(used.client).finally(() => discarded.delete(closing));
    discarded.add(closing);
  }

  return {
    /** Run one operation; `what` completes "could not …". */
    async use<T>(what: string, call: (db: Db) => Promise<T>, limitMs = OPERATION_MS): Promise<T> {
      return await asking("mongodb", what, async () => {
        await new Promise(setImmediate);
        const used = link;
        try {
          const result = await within(call(used.db), limitMs);
          used.reached = true;
          return result;
        } catch (error) {
          if (!used.reached || error instanceof LateError || error instanceof MongoTopologyClosedError)
            discard(used);
          throw error;
        }
      });
    },

    /** A collection of the present pool, for a cursor that is read in several uses. */
    collection: <T extends Document>(name: string): Collection<T> => link.db.collection<T>(name),

    async close(): Promise<void> {
      closed = true;
      await Promise.all([closeSoon(link.client), ...discarded]);
    },
  };
}
export type MongoLink = ReturnType<typeof createMongoLink>;

class LateError extends Error {
  override readonly name = "LateError";
}

async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: Timer | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new LateError(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function connect(url: string): MongoClient {
  return new MongoClient(url, {
    appName: "observatory",
    serverSelectionTimeoutMS: 1_000,
    connectTimeoutMS: 2_000,
    waitQueueTimeoutMS: 2_000,
    maxPoolSize: 10,
  });
}

/**
 * Close at most a second long: the driver ends its sessions with the server first, which has no limit either. Then its
 * connections and timers are ended below it.
 */
async function closeSoon(client: MongoClient): Promise<void> {
  if (await answers(() => client.close(), CLOSE_MS)) return;
  (client as { topology?: { close(): void } }).topology?.close();
}

/** The database in the URL's path; `observatory` where there is none. */
function databaseOf(url: string): string {
  return /^mongodb(?:\+srv)?:\/\/[^/]+\/([^?/]+)/.exec(url)?.[1] ?? "observatory";
}
