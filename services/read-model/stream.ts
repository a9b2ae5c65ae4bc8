import { AppError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { Metrics } from "../../shared/metrics.ts";
import type { FeedEntry, ObservationReader } from "../../shared/observations/port.ts";
import { createStreamBuffer, type StreamBuffer, toEntry } from "./stream-buffer.ts";
import { createFeed } from "./stream-feed.ts";
import { createStreamHistory } from "./stream-history.ts";

export interface StreamOptions {
  readonly observations: ObservationReader;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Disconnects every client and ends the feed. */
  readonly stopping: AbortSignal;
  readonly maxClients?: number;
  readonly heartbeatMs?: number;
}

/**
 * One open connection. While it opens, it has no source. While it catches up, it reads a separate feed, and `last` is
 * the newest id read. After that it reads the shared feed.
 */
interface Client {
  readonly buffer: StreamBuffer;
  source: "none" | "shared" | { last: string; readonly abort: AbortController };
  wake: () => void;
  closed: boolean;
}

const BOUNDS = { maxEntries: 1_000, maxDeltas: 20_000 };
const RETRY_HINT = "retry: 2000\n\n";
/**
 * A feed that has not refused an id within this time is assumed to have accepted it and to have nothing to send yet.
 */
const REFUSAL_MS = 100;

/**
 * Streams the live feed to clients. The process reads the feed once for all of them, and each client has a bounded
 * buffer.
 */
export function createStream({
  observations,
  log,
  metrics,
  stopping,
  maxClients = 200,
  heartbeatMs = 15_000,
}: StreamOptions) {
  const clients = new Set<Client>();
  const history = createStreamHistory(BOUNDS);
  let lastId: string | undefined;
  const dropped = metrics.counter(
    "observatory_stream_dropped_deltas_total",
    "Deltas that slow stream clients missed",
  );
  metrics.gauge("observatory_stream_clients", "Open stream connections", [], (gauge) =>
    gauge.set(clients.size),
  );
  metrics.gauge(
    "observatory_stream_buffered_entries",
    "Entries waiting for slow stream clients",
    [],
    (gauge) => gauge.set([...clients].reduce((sum, { buffer }) => sum + buffer.entries, 0)),
  );

  const feed = createFeed({
    observations,
    log,
    signal: stopping,
    onEntry(entry) {
      lastId = entry.id;
      history.add(entry);
      for (const client of clients) {
        if (client.source === "shared") {
          client.buffer.push(entry);
          client.wake();
        } else if (client.source !== "none" && client.source.last === entry.id) share(client);
      }
    },
  });
  const heartbeat = setInterval(() => {
    for (const client of clients) {
      client.buffer.heartbeat();
      client.wake();
    }
  }, heartbeatMs);
  const end = () => {
    clearInterval(heartbeat);
    for (const client of [...clients]) close(client);
  };
  stopping.addEventListener("abort", end, { once: true });

  function share(client: Client) {
    if (typeof client.source === "object") client.source.abort.abort();
    client.source = "shared";
  }

  function close(client: Client) {
    if (client.closed) return;
    client.closed = true;
    clients.delete(client);
    if (typeof client.source === "object") client.source.abort.abort();
    client.wake();
  }

  /** Reads a separate feed for one client until it reaches the shared feed's position. Either feed may be ahead. */
  async function catchUp(
    client: Client,
    entries: AsyncIterator<FeedEntry>,
    first: Promise<IteratorResult<FeedEntry>>,
  ) {
    try {
      for (let step = await first; !step.done; step = await entries.next()) {
        if (typeof client.source !== "object") return;
        const { id, deltas, dropped } = step.value;
        client.buffer.push(toEntry(id, deltas, dropped));
        client.source.last = id;
        const rest = history.after(id);
        for (const entry of rest ?? []) client.buffer.push(entry);
        if (rest) share(client);
        client.wake();
      }
    } catch (error) {
      if (typeof client.source !== "object" || client.source.abort.signal.aborted) return;
      // The browser's EventSource reconnects with its last event id, so the client can try again.
      log.warn("A stream client could not catch up", { error });
      close(client);
    }
  }

  async function resume(client: Client, id: string) {
    const missed = history.after(id);
    for (const entry of missed ?? []) client.buffer.push(entry);
    if (missed) return share(client);
    const abort = new AbortController();
    client.source = { last: id, abort };
    const entries = observations.follow(id, abort.signal)[Symbol.asyncIterator]();
    const first = entries.next();
    // A refused id must be reported before the reply begins.
    await Promise.race([first, Bun.sleep(REFUSAL_MS)]);
    void catchUp(client, entries, first);
  }

  return {
    whyStuck: feed.whyStuck,
    /**
     * Opens a client's stream of server-sent events, starting now or after `last`. Rejects with OVERLOADED, STOPPING,
     * STORE_UNAVAILABLE or INVALID_CURSOR. The stream ends when the reader cancels it or the service stops.
     */
    async open(last: string | null): Promise<ReadableStream<Uint8Array>> {
      if (stopping.aborted) throw new AppError("STOPPING", "The service is stopping");
      if (clients.size >= maxClients)
        throw new AppError(
          "OVERLOADED",
          `${clients.size} clients are streaming; the limit is ${maxClients}`,
          {
            retryAfterSeconds: 5,
          },
        );
      const client: Client = {
        buffer: createStreamBuffer(BOUNDS, (deltas) => dropped.inc(deltas)),
        source: "none",
        wake: () => undefined,
        closed: false,
      };
      // Add the client before querying the store, so simultaneous clients cannot exceed the limit.
      clients.add(client);
      try {
        // This cheap query makes the request fail at once if the feed's store is unavailable.
        await observations.latestSnapshot();
        await feed.followed();
        client.buffer.prepend(RETRY_HINT);
        if (last !== null) await resume(client, last);
        else {
          // An id without data dispatches no event, but the client remembers it and can resume before its first event.
          if (lastId !== undefined) client.buffer.prepend(`id: ${lastId}\n\n`);
          share(client);
        }
      } catch (error) {
        close(client);
        throw error;
      }
      return readableOf(client, () => close(client));
    },
    /** Sends every client the number of alerts now firing. */
    announceAlerts(firing: number) {
      for (const client of clients) {
        client.buffer.alerts(firing);
        client.wake();
      }
    },
    get clients() {
      return clients.size;
    },
    /** Resolves when the feed has ended, which happens only after `stopping` aborts. */
    ended: () => feed.ended,
  };
}
export type Stream = ReturnType<typeof createStream>;

/** Creates a stream that takes chunks only on demand, so a slow reader's backlog stays in the bounded buffer. */
function readableOf(client: Client, onCancel: () => void): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (;;) {
          const text = client.buffer.take();
          if (text !== undefined) return controller.enqueue(encoder.encode(text));
          if (client.closed) return controller.close();
          await new Promise<void>((resolve) => {
            client.wake = resolve;
          });
        }
      },
      cancel: onCancel,
    },
    { highWaterMark: 1 },
  );
}
