import type { StreamBounds, StreamEntry } from "./stream-buffer.ts";

/**
 * Keeps a bounded number of the newest entries, so that a client that was briefly disconnected can be sent those it
 * missed.
 */
export function createStreamHistory({ maxEntries, maxDeltas }: StreamBounds) {
  const kept = new Map<string, StreamEntry>();
  let deltas = 0;

  return {
    add(entry: StreamEntry) {
      kept.set(entry.id, entry);
      deltas += entry.deltas.length;
      for (const [id, oldest] of kept) {
        if (kept.size <= maxEntries && deltas <= maxDeltas) return;
        kept.delete(id);
        deltas -= oldest.deltas.length;
      }
    },
    /** Returns the entries after an id; undefined when the id is no longer kept. */
    after(id: string): StreamEntry[] | undefined {
      if (!kept.has(id)) return undefined;
      const entries = [...kept.values()];
      return entries.slice(entries.findIndex((entry) => entry.id === id) + 1);
    },
  };
}
