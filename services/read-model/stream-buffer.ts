import type { Delta, StreamMessage } from "../../contracts/api-queries.ts";

/** An entry of the live feed, serialized once for all clients. */
export interface StreamEntry {
  readonly id: string;
  readonly deltas: readonly Delta[];
  readonly dropped: number;
  readonly text: string;
}

/**
 * Serializes an entry as a server-sent event (WHATWG HTML, section 9.2.6). A client that reconnects sends the id back
 * as `Last-Event-ID`.
 */
export function toEntry(id: string, deltas: readonly Delta[], dropped: number): StreamEntry {
  const message: StreamMessage = { kind: "deltas", deltas: [...deltas], dropped };
  return { id, deltas, dropped, text: `id: ${id}\ndata: ${JSON.stringify(message)}\n\n` };
}

export interface StreamBounds {
  readonly maxEntries: number;
  readonly maxDeltas: number;
}

/** The size at which a chunk is full: roughly how much a socket accepts in one write. */
const CHUNK_CHARS = 65_536;

/**
 * Buffers one client's unread messages. At the limit, the oldest entry is dropped, and the number of its deltas
 * (changes) is added to `dropped` of the next entry, which tells the client to reload its data. The next entry keeps
 * its own id, so the client can resume after it. The buffers share the entry objects, so each additional stalled client
 * needs little memory. Only the newest alert count and one heartbeat are kept. The buffer does no I/O: the connection's
 * owner calls `take`.
 */
export function createStreamBuffer(
  { maxEntries, maxDeltas }: StreamBounds,
  onDrop: (deltas: number) => void = () => undefined,
) {
  const entries: StreamEntry[] = [];
  let deltas = 0;
  let missed = 0;
  let firing: number | undefined;
  let preamble = "";
  let isHeartbeatDue = false;

  function shift(): StreamEntry {
    const oldest = entries.shift() as StreamEntry;
    deltas -= oldest.deltas.length;
    if (missed === 0) return oldest;
    const whole = toEntry(oldest.id, oldest.deltas, oldest.dropped + missed);
    missed = 0;
    return whole;
  }

  return {
    /** Puts protocol lines, such as `retry`, before all buffered messages. */
    prepend(text: string) {
      preamble += text;
    },
    push(entry: StreamEntry) {
      entries.push(entry);
      deltas += entry.deltas.length;
      while (entries.length > 1 && (entries.length > maxEntries || deltas > maxDeltas)) {
        onDrop(entries[0]?.deltas.length ?? 0);
        const oldest = shift();
        missed = oldest.deltas.length + oldest.dropped;
      }
    },
    alerts(count: number) {
      firing = count;
    },
    heartbeat() {
      isHeartbeatDue = true;
    },
    get entries() {
      return entries.length;
    },
    /** Removes and returns the next chunk of waiting text; undefined when there is none. */
    take(): string | undefined {
      let text = preamble;
      preamble = "";
      while (entries.length > 0 && text.length < CHUNK_CHARS) text += shift().text;
      if (firing !== undefined) {
        const message: StreamMessage = { kind: "alerts", firing };
        text += `data: ${JSON.stringify(message)}\n\n`;
        firing = undefined;
      }
      // A comment keeps proxies from closing a silent connection.
      if (isHeartbeatDue && text === "") text = ": alive\n\n";
      isHeartbeatDue = false;
      return text === "" ? undefined : text;
    },
  };
}
export type StreamBuffer = ReturnType<typeof createStreamBuffer>;
