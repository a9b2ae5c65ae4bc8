import type { Route, Topology } from "../../../contracts/topology.ts";
import { within } from "../../async.ts";
import { createBatcher } from "../../batcher.ts";
import { AppError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { PostgresLink } from "./link.ts";
import { insertMessages, notify } from "./queues.ts";

export interface PostgresPublisherOptions {
  readonly link: () => PostgresLink;
  readonly topology: Topology;
  readonly log: Log;
  readonly maxUnconfirmed: number;
  /** The limit on the total size of the messages that are waiting or in flight. */
  readonly maxBytes: number;
  readonly maxWaiting: number;
  readonly confirmTimeoutMs: number;
  readonly unavailable: (message: string, cause?: unknown) => AppError;
  readonly onPublished: (route: Route) => void;
}

interface Message {
  readonly route: Route;
  readonly body: Uint8Array;
}

const MAX_BATCH = 500;

/**
 * Publishes in batches: messages that arrive during a write form the next batch, which costs one statement and one
 * flush to disk.
 */
export function createPostgresPublisher(options: PostgresPublisherOptions) {
  const { topology, log, maxUnconfirmed, confirmTimeoutMs, unavailable } = options;
  let ended = false;
  let bytesInside = 0;
  let sent = 0;

  const batcher = createBatcher<Message, undefined>({
    run: write,
    maxBatch: Math.min(MAX_BATCH, maxUnconfirmed),
    maxInFlight: 1,
    maxItems: maxUnconfirmed + options.maxWaiting,
  });

  async function write(messages: readonly Message[]): Promise<undefined[]> {
    const link = options.link();
    const { sql } = link;
    if (!sql) throw unavailable("PostgreSQL is not connected");
    let offset = 0;
    const rows = messages.flatMap(({ route, body: { length } }) => {
      const queues = topology.queues.filter(({ routes }) => routes.includes(route));
      const parts = queues.map(({ name }) => ({ queue: name, offset, length }));
      offset += length;
      return parts;
    });
    sent = messages.length;
    try {
      const inserted = insertMessages(sql, rows, Buffer.concat(messages.map(({ body }) => body)));
      // Sent without waiting for the insert's reply, so that consumers are woken one round trip earlier.
      notify(sql, [...new Set(rows.map(({ queue }) => queue))]).catch((error) =>
        log.debug("Could not notify the consumers; they will find the messages by polling", { error }),
      );
      await within(confirmTimeoutMs, inserted, "Writing messages");
    } catch (error) {
      link.drop("Messages could not be written", sql);
      throw unavailable("The messages were not confirmed", error);
    } finally {
      sent = 0;
    }
    for (const { route } of messages) options.onPublished(route);
    return messages.map(() => undefined);
  }

  return {
    async publish(route: Route, body: Uint8Array): Promise<void> {
      if (ended) throw unavailable("The bus is closed");
      if (!options.link().sql) throw unavailable("PostgreSQL is not connected");
      if (bytesInside > 0 && bytesInside + body.length > options.maxBytes)
        throw new AppError(
          "OVERLOADED",
          `${bytesInside} bytes of messages are unconfirmed; no more are accepted`,
        );
      bytesInside += body.length;
      try {
        await batcher.add({ route, body });
      } finally {
        bytesInside -= body.length;
      }
    },

    /** Accepts no more messages and waits until none is in flight. */
    async end(): Promise<void> {
      ended = true;
      await batcher.idle();
    },

    get unconfirmed() {
      return sent;
    },
    get waiting() {
      return batcher.size - sent;
    },
  };
}
