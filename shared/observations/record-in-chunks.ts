import type { JobEvent } from "../../contracts/events.ts";
import type { ObservationWriter } from "./port.ts";

/** Events in one step of recording. */
export const MAX_CHUNK = 1_000;
const MIN_CHUNK = 50;
/** Chunks of one call under way at a time: one is stored while another is counted, and a slow store is not flooded. */
const IN_FLIGHT = 2;

/**
 * Recording as adapters do it: each event id once, in chunks whose size is bounded. `recordChunk` returns the events of
 * its chunk that it counted.
 *
 * A chunk that failed is tried at half the size, and sizes grow again with success: a store that is too slow for a large
 * chunk would time out on the same one again and again, and recording would never get on.
 */
export function createChunkedRecord(
  recordChunk: (events: readonly JobEvent[]) => Promise<readonly JobEvent[]>,
): ObservationWriter["record"] {
  /** Events that were counted in a call of which another chunk failed; the next call that succeeds tells of them. */
  const untold: JobEvent[] = [];
  let size = MAX_CHUNK;

  return async (events) => {
    const distinct = [...new Map(events.map((event) => [event.eventId.toLowerCase(), event])).values()];
    for (let from = 0; from < distinct.length; ) {
      const chunks = Array.from({ length: IN_FLIGHT }, (_, i) =>
        distinct.slice(from + i * size, from + (i + 1) * size),
      );
      from += IN_FLIGHT * size;
      // They end before the call does: one that fails must not leave another under way behind it.
      const results = await Promise.allSettled(chunks.filter(({ length }) => length > 0).map(recordChunk));
      for (const result of results) if (result.status === "fulfilled") untold.push(...result.value);
      const failed = results.find((result) => result.status === "rejected");
      size = failed ? Math.max(MIN_CHUNK, size >> 1) : Math.min(MAX_CHUNK, size * 2);
      if (failed) throw failed.reason;
    }
    return { fresh: untold.splice(0) };
  };
}
