import { isAscii } from "node:buffer";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import postgres from "postgres";
import { fullJitter, orAbort, pause, within } from "../../async.ts";
import { AppError, messageOf } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { Sql } from "../../postgres.ts";

export interface PostgresLinkOptions {
  readonly url: string;
  /** The connection's name in `pg_stat_activity`. */
  readonly name: string;
  readonly log: Log;
  /** The time limit for connecting and `setUp` together. */
  readonly connectTimeoutMs: number;
  /** Session settings, by their PostgreSQL names. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Prepares the session; if it rejects, the connection is dropped and reopened. */
  readonly setUp: (sql: Sql) => Promise<void>;
  readonly onNotify?: (channel: string) => void;
  /** Called when a connection ends or could not be opened. */
  readonly onDown: () => void;
}

export type PostgresLink = ReturnType<typeof createPostgresLink>;

/**
 * The longest pause between two attempts to connect. A refused attempt costs next to nothing, and a longer pause would
 * account for most of the outage when an engine restarts.
 */
const LONGEST_PAUSE_MS = 1_000;

/**
 * Keeps one connection to PostgreSQL open: after each loss it reconnects, with full jitter, until the link is closed.
 * Statements are sent without waiting for earlier ones, and run in order.
 *
 * Each connection has its own driver instance, on a socket that this link owns. A driver that opens the socket itself
 * would reconnect without a pause to a server that hangs up, hold back statements until it has reconnected, and keep
 * the socket of a frozen server open.
 */
export function createPostgresLink(options: PostgresLinkOptions) {
  const { name, log } = options;
  const closing = new AbortController();
  const first = Promise.withResolvers<void>();
  // A link may be closed before it has opened, while no caller waits for this promise.
  first.promise.catch(() => undefined);
  let current: { sql: Sql; drop: (reason: string) => void } | undefined;
  let up: Sql | undefined;
  let retryAt = 0;
  let failures = 0;
  let lastFailure: string | undefined;
  const ended = stayConnected();

  async function stayConnected(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        const reason = await live();
        if (!closing.signal.aborted)
          log.warn("Lost the connection to PostgreSQL, reconnecting", { connection: name, reason });
      } catch (error) {
        // At the default level, one line per outage is enough.
        const level = failures++ === 0 ? "warn" : "debug";
        lastFailure = messageOf(error);
        if (!closing.signal.aborted)
          log[level]("Could not connect to PostgreSQL, retrying", { connection: name, error });
      }
      const ms = Math.max(10, fullJitter(failures, 100, LONGEST_PAUSE_MS));
      retryAt = Date.now() + ms;
      await pause(ms, closing.signal);
    }
  }

  /** Runs one connection. Resolves with the reason why it ended; rejects if it could not be opened. */
  async function live(): Promise<string> {
    const lost = Promise.withResolvers<string>();
    let socket: Socket | undefined;
    const dial = async ({ path, host, port }: { path?: string; host: string[]; port: number[] }) => {
      if (socket) throw new Error("The connection has ended");
      socket = path ? connect(path) : connect(port[0] ?? 5432, host[0]);
      socket.setNoDelay(true);
      socket.on("error", (error) => lost.resolve(messageOf(error)));
      socket.on("close", () => lost.resolve("The connection was closed"));
      await once(socket, "connect");
      return socket;
    };
    // `socket` and `onnotify` are missing from the driver's types.
    const driver = {
      max: 1,
      max_lifetime: null,
      connect_timeout: 0,
      fetch_types: false,
      onnotice: () => undefined,
      types: { bytea: { to: 17, from: [17], serialize: toText, parse: fromText } },
      onclose: () => lost.resolve("The connection was closed"),
      connection: { application_name: name, ...options.settings },
      socket: dial,
      onnotify: options.onNotify,
    };
    const sql: Sql = postgres(options.url, driver as object);
    const drop = (reason: string) => {
      lost.resolve(reason);
      socket?.destroy(new Error(reason));
    };
    current = { sql, drop };
    try {
      const failed = lost.promise.then((reason) => Promise.reject(new Error(reason)));
      const settingUp = Promise.race([options.setUp(sql), failed]);
      await within(options.connectTimeoutMs, orAbort(settingUp, closing.signal), "Connecting to PostgreSQL");
      up = sql;
      failures = 0;
      lastFailure = undefined;
      log.info("Connected to PostgreSQL", { connection: name });
      first.resolve();
      return await lost.promise;
    } finally {
      up = current = undefined;
      drop("The connection has ended");
      void sql.end({ timeout: 0 });
      options.onDown();
    }
  }

  return {
    /** The session while it is open. */
    get sql() {
      return up;
    },
    /** Why the last attempt to connect failed; undefined once an attempt has succeeded. */
    get lastFailure() {
      return lastFailure;
    },
    /** How long a caller should wait before the next attempt. */
    get retryAfterSeconds() {
      return Math.max(1, Math.ceil((retryAt - Date.now()) / 1_000));
    },
    /** Resolves when the connection first opens. */
    connected: (signal?: AbortSignal) => (signal ? orAbort(first.promise, signal) : first.promise),
    /** Drops the given connection, if it is still the current one; the link then opens another. */
    drop(reason: string, of = current?.sql): void {
      if (current?.sql === of) current?.drop(reason);
    },
    /** Closes the link for good. */
    async close(): Promise<void> {
      closing.abort(new AppError("BUS_UNAVAILABLE", "The bus was closed before it was connected"));
      first.reject(closing.signal.reason);
      if (up) await up.end({ timeout: 2 });
      current?.drop("The bus is closed");
      await ended;
    },
  };
}

/**
 * Encodes bytes as PostgreSQL's text form of `bytea`. Pure ASCII, as most JSON is, is sent as plain text, at half the
 * size and cost of hex.
 */
function toText(bytes: Buffer): string {
  if (!isAscii(bytes) || bytes.includes(0)) return `\\x${bytes.toString("hex")}`;
  return bytes.toString("latin1").replaceAll("\\", "\\\\");
}

const fromText = (text: string) => Buffer.from(text.slice(2), "hex");
