import type { JobEvent } from "../../contracts/events.ts";
import type { ObservationWriter } from "./port.ts";

/** Events in one step of recording. */
export const MAX_CHUNK = 1_000;
const MIN_CHUNK = 50;
/** Concurrent chunks of one call: one is stored while another is counted, without flooding a slow store. */
const IN_FLIGHT = 2;

/**
 * The recording loop of both adapters: each event id once, in chunks of bounded size. `recordChunk` returns the events
 * of its chunk that it counted.
 *
 * A failed chunk is retried at half the size, and sizes grow again with success: a store too slow for a large chunk
 * would time out on the same one again and again, and recording would never progress.
 */
export function createChunkedRecord(
  recordChunk: (events: readonly JobEvent[]) => Promise<readonly JobEvent[]>,
): ObservationWriter["record"] {
  /** Events counted in a call in which another chunk failed; the next successful call reports them. */
  const unreported: JobEvent[] = [];
  let size = MAX_CHUNK;

  return async (events) => {
    const distinct = [...new Map(events.map((event) => [event.eventId.toLowerCase(), event])).values()];
    for (let from = 0; from < distinct.length; ) {
      const chunks = Array.from({ length: IN_FLIGHT }, (_, i) =>
        distinct.slice(from + i * size, from + (i + 1) * size),
      );
      from += IN_FLIGHT * size;
      // All chunks end before the call does: a failing one must not leave another running behind it.
      const results = await Promise.allSettled(chunks.filter(({ length }) => length > 0).map(recordChunk));
      for (const result of results) if (result.status === "fulfilled") unreported.push(...result.value);
      const failed = results.find((result) => result.status === "rejected");
      size = failed ? Math.max(MIN_CHUNK, size >> 1) : Math.min(MAX_CHUNK, size * 2);
      if (failed) throw failed.reason;
    }
    return { fresh: unreported.splice(0) };
  };
}
