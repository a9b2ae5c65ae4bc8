import type { Delta, StreamMessage } from "../../contracts/api-queries.ts";

/** An entry of the live feed, spelled once for all clients. */
export interface StreamEntry {
  readonly id: string;
  readonly deltas: readonly Delta[];
  readonly dropped: number;
  readonly text: string;
}

/** One entry as a server-sent event (WHATWG HTML, section 9.2.6). Its id returns as `Last-Event-ID`. */
export function toEntry(id: string, deltas: readonly Delta[], dropped: number): StreamEntry {
  const message: StreamMessage = { kind: "deltas", deltas: [...deltas], dropped };
  return { id, deltas, dropped, text: `id: ${id}\ndata: ${JSON.stringify(message)}\n\n` };
}

export interface StreamBounds {
  readonly maxEntries: number;
  readonly maxDeltas: number;
}

/** About what a socket takes at once. */
const CHUNK_CHARS = 65_536;

/**
 * What one client has not read yet. At a bound the oldest entry goes and its deltas are counted in `dropped` of the
 * next, so that the client knows to ask again and its last id stays true. Clients that stall all hold the newest
 * entries, which are the same objects, so many of them cost little more than one. Of alerts and heartbeats only the
 * newest matters. Pure: the owner of the connection calls `take`.
 */
export function createStreamBuffer(
  { maxEntries, maxDeltas }: StreamBounds,
  onDrop: (deltas: number) => void = () => undefined,
) {
  const entries: StreamEntry[] = [];
  let deltas = 0;
  let missed = 0;
  let firing: number | undefined;
  let greeting = "";
  let beat = false;

  function shift(): StreamEntry {
    const oldest = entries.shift() as StreamEntry;
    deltas -= oldest.deltas.length;
    if (missed === 0) return oldest;
    const whole = toEntry(oldest.id, oldest.deltas, oldest.dropped + missed);
    missed = 0;
    return whole;
  }

  return {
    /** Words of the protocol that go before everything else. */
    greet(text: string) {
      greeting += text;
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
      beat = true;
    },
    get entries() {
      return entries.length;
    },
    /** What waits, as text, a chunk at a time; undefined when nothing does. */
    take(): string | undefined {
      let text = greeting;
      greeting = "";
      while (entries.length > 0 && text.length < CHUNK_CHARS) text += shift().text;
      if (firing !== undefined) {
        const message: StreamMessage = { kind: "alerts", firing };
        text += `data: ${JSON.stringify(message)}\n\n`;
        firing = undefined;
      }
      // A comment: it keeps proxies from closing a silent connection.
      if (beat && text === "") text = ": alive\n\n";
      beat = false;
      return text === "" ? undefined : text;
    },
  };
}
export type StreamBuffer = ReturnType<typeof createStreamBuffer>;
