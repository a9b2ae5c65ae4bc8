import { type Collection, type Db, type Document, MongoClient, MongoTopologyClosedError } from "mongodb";
import { LateError, within } from "../../async.ts";
import { messageOf } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { answers, orUnavailable } from "../store-unavailable.ts";

/** The default time limit of an operation. */
export const OPERATION_MS = 5_000;
const CLOSE_MS = 1_000;
/** How long an operation waits for the driver to find a responding server. */
const SELECTION_MS = 1_000;

interface Link {
  readonly client: MongoClient;
  readonly db: Db;
  /** Whether an operation has ever succeeded. */
  reached: boolean;
  /** When the driver lost its last responding server; undefined while it knows of a responding server. */
  lostAt: number | undefined;
}

/**
 * Creates a connection pool to MongoDB that recovers from failures and in which no operation hangs: `use` rejects with
 * `STORE_UNAVAILABLE` if an operation fails or exceeds its limit. The driver alone does not guarantee this:
 * - A client whose first connection fails closes itself permanently. It is replaced.
 * - In Bun, writing to a socket that its peer has just closed neither fails nor drains. The driver waits without a time
 *   limit for one or the other, and the operation keeps its connection in the pool. A client with such an operation is
 *   replaced too. Letting the event loop turn once before an operation makes this rare: most sockets that broke while
 *   idle report it in that turn.
 * - The driver's own server check can hang in the same way. No other check then begins, so from then on every operation
 *   fails. This happens when several connections break together, because they report it one after the other: the first
 *   report makes the driver check its server over the next connection, which is already destroyed but has not reported
 *   it. With MongoDB 4.4 or later, the driver restarts its checks after a network error, but FerretDB lacks the field
 *   that this depends on (`topologyVersion`). Therefore a client is also replaced if it has known of no responding
 *   server for {@link SELECTION_MS}.
 */
export function createMongoLink({ url, log }: { url: string; log: Log }) {
  let isDown = false;
  let closed = false;
  let link = open();
  const discarded = new Set<Promise<void>>();

  function open(): Link {
    const client = connect(url);
    client.on("serverHeartbeatFailed", ({ failure }) => noteHeartbeat(client, failure));
    client.on("serverHeartbeatSucceeded", () => noteHeartbeat(client));
    const opened: Link = { client, db: client.db(databaseOf(url)), reached: false, lostAt: undefined };
    client.on("topologyDescriptionChanged", ({ newDescription }) => {
      opened.lostAt = newDescription.hasKnownServers ? undefined : (opened.lostAt ?? performance.now());
    });
    return opened;
  }

  function noteHeartbeat(client: MongoClient, failure?: Error): void {
    const failed = failure !== undefined;
    if (client !== link.client || isDown === failed) return;
    isDown = failed;
    if (failed) log.warn("MongoDB is unavailable", { reason: messageOf(failure) });
    else log.info("MongoDB is back");
  }

  function discard(used: Link): void {
    if (used !== link || closed) return;
    link = open();
    const closing = closeSoon(used.client).finally(() => discarded.delete(closing));
    discarded.add(closing);
  }

  return {
    /** Runs one operation. `what` completes the error "Could not …". */
    async use<T>(what: string, call: (db: Db) => Promise<T>, limitMs = OPERATION_MS): Promise<T> {
      return await orUnavailable("mongodb", what, async () => {
        await new Promise(setImmediate);
        const used = link;
        try {
          const result = await within(limitMs, call(used.db));
          used.reached = true;
          return result;
        } catch (error) {
          if (isUseless(used, error)) discard(used);
          throw error;
        }
      });
    },

    /** Returns a collection on the current pool, for a cursor that is read in several calls of `use`. */
    collection: <T extends Document>(name: string): Collection<T> => link.db.collection<T>(name),

    async close(): Promise<void> {
      closed = true;
      await Promise.all([closeSoon(link.client), ...discarded]);
    },
  };
}
export type MongoLink = ReturnType<typeof createMongoLink>;

/**
 * Whether a client must be replaced. Decides by the link's state where possible, because `insertMany` does not preserve
 * the error's class.
 */
function isUseless({ reached, lostAt }: Link, error: unknown): boolean {
  if (!reached || error instanceof LateError || error instanceof MongoTopologyClosedError) return true;
  return lostAt !== undefined && performance.now() - lostAt >= SELECTION_MS;
}

function connect(url: string): MongoClient {
  return new MongoClient(url, {
    appName: "observatory",
    serverSelectionTimeoutMS: SELECTION_MS,
    connectTimeoutMS: 2_000,
    waitQueueTimeoutMS: 2_000,
    maxPoolSize: 10,
  });
}

/**
 * Closes a client within a second. The driver first ends its sessions on the server, without a time limit. If that
 * takes longer than a second, the client's connections and timers are destroyed directly.
 */
async function closeSoon(client: MongoClient): Promise<void> {
  if (await answers(() => client.close(), CLOSE_MS)) return;
  (client as { topology?: { close(): void } }).topology?.close();
}

/** Returns the database in the URL's path, by default `observatory`. */
function databaseOf(url: string): string {
  return /^mongodb(?:\+srv)?:\/\/[^/]+\/([^?/]+)/.exec(url)?.[1] ?? "observatory";
}
