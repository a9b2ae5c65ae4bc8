import type { Socket } from "node:net";
import { type ChannelModel, connect } from "amqplib";
import { fullJitter, orAbort, pause, within } from "../../async.ts";
import { AppError, messageOf } from "../../errors.ts";
import type { Log } from "../../log.ts";

export interface AmqpLinkOptions {
  readonly url: string;
  /** The connection's name, as the broker shows it. */
  readonly name: string;
  readonly log: Log;
  /** The heartbeat interval; a broker that is silent for two to three intervals is considered lost. */
  readonly heartbeatSeconds: number;
  /** The time limit for connecting; the same limit applies separately to `setUp`. */
  readonly connectTimeoutMs: number;
  /** Opens the connection's channels; if it rejects, the connection is dropped and reopened. */
  readonly setUp: (model: ChannelModel) => Promise<void>;
  /** Called when a connection ends, once for each one on which `setUp` was called. */
  readonly onDown: (error: Error) => void;
}

export interface AmqpLink {
  /** The connection while it is open. */
  readonly model: ChannelModel | undefined;
  /** How long a caller should wait before it tries again: the time until the link next tries to connect. */
  readonly retryAfterSeconds: number;
  /** Resolves when the connection first opens. */
  connected(signal?: AbortSignal): Promise<void>;
  /** Drops the current connection; the link then opens another. */
  drop(reason: string): void;
  /** Closes the link for good. */
  close(): Promise<void>;
}

/**
 * The longest pause between two attempts to connect. A refused attempt costs next to nothing, whereas a longer pause
 * would prolong the outage when a broker restarts.
 */
const LONGEST_PAUSE_MS = 1_000;

/** Keeps one connection to the broker open: after each loss it reconnects, with full jitter, until it is closed. */
export function createAmqpLink(options: AmqpLinkOptions): AmqpLink {
  const { name, log, connectTimeoutMs } = options;
  const url = withHeartbeat(options.url, options.heartbeatSeconds);
  const closing = new AbortController();
  const first = Promise.withResolvers<void>();
  // Closing a link that never opened rejects this promise, which would be an unhandled rejection if no caller waited
  // for it.
  first.promise.catch(() => undefined);
  let current: ChannelModel | undefined;
  let model: ChannelModel | undefined;
  let retryAt = 0;
  let failures = 0;
  const ended = stayConnected();

  async function stayConnected(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        const error = await live();
        if (!closing.signal.aborted)
          log.warn("Lost the connection to the broker, reconnecting", {
            connection: name,
            reason: messageOf(error),
          });
      } catch (error) {
        // At the default level, one line per outage is enough.
        const level = failures++ === 0 ? "warn" : "debug";
        if (!closing.signal.aborted)
          log[level]("Could not connect to the broker, retrying", { connection: name, error });
      }
      if (closing.signal.aborted) return;
      const ms = Math.max(10, fullJitter(failures, 100, LONGEST_PAUSE_MS));
      retryAt = Date.now() + ms;
      await pause(ms, closing.signal);
    }
  }

  /** Runs one connection. Resolves with the reason why it ended; rejects if it could not be opened. */
  async function live(): Promise<Error> {
    const opened = await open();
    const lost = Promise.withResolvers<Error>();
    opened.on("error", lost.resolve);
    opened.on("close", (error) => lost.resolve(error ?? new Error("The connection was closed")));
    // The library does not notice a socket that closes without an "end" event.
    socketOf(opened).once("close", () => lost.resolve(new Error("The socket was closed")));
    current = opened;
    try {
      const failed = lost.promise.then((error) => Promise.reject(error));
      await within(
        connectTimeoutMs,
        Promise.race([options.setUp(opened), failed]),
        "Setting up the channels",
      );
      model = opened;
      failures = 0;
      log.info("Connected to the broker", { connection: name });
      first.resolve();
      return await lost.promise;
    } finally {
      model = undefined;
      current = undefined;
      discard(opened, "The connection has ended");
      options.onDown(await Promise.race([lost.promise, new Error("The channels could not be set up")]));
    }
  }

  async function open(): Promise<ChannelModel> {
    const opening = connect(url, {
      noDelay: true,
      timeout: connectTimeoutMs,
      clientProperties: { connection_name: name },
    });
    try {
      return await within(connectTimeoutMs, orAbort(opening, closing.signal), "Connecting to the broker");
    } catch (error) {
      opening.then(
        (late) => {
          late.on("error", () => undefined);
          discard(late, "The connection opened too late");
        },
        () => undefined,
      );
      throw error;
    }
  }

  return {
    get model() {
      return model;
    },
    get retryAfterSeconds() {
      return Math.max(1, Math.ceil((retryAt - Date.now()) / 1_000));
    },
    connected: (signal) => (signal ? orAbort(first.promise, signal) : first.promise),
    drop(reason) {
      if (current) discard(current, reason);
    },
    async close() {
      closing.abort(new AppError("BUS_UNAVAILABLE", "The bus was closed before it was connected"));
      first.reject(closing.signal.reason);
      if (current)
        await within(2_000, current.close(), "Closing the connection").catch((error) => {
          log.debug("Could not close the connection cleanly", { connection: name, error });
          if (current) discard(current, "The broker did not confirm the close");
        });
      await ended;
    },
  };
}

/** Destroys the socket with an error, which makes the library close its channels and stop its timers. */
function discard(model: ChannelModel, reason: string): void {
  const socket = socketOf(model);
  if (socket.destroyed) socket.emit("error", new Error(reason));
  else socket.destroy(new Error(reason));
}

/**
 * Returns the library's socket. When the library closes a connection, it ends the socket but never destroys it, so a
 * frozen peer would keep the socket open forever.
 */
function socketOf(model: ChannelModel): Socket {
  return (model.connection as unknown as { stream: Socket }).stream;
}

/** Adds the heartbeat to the URL, the only place from which the library reads it. */
function withHeartbeat(text: string, seconds: number): string {
  const url = new URL(text);
  if (!url.searchParams.has("heartbeat")) url.searchParams.set("heartbeat", String(seconds));
  return url.href;
}
