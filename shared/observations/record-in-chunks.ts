import type { JobEvent } from "../../contracts/events.ts";
import type { ObservationWriter } from "./port.ts";

/** Events in one step of recording. */
export const MAX_CHUNK = 1_000;
/** Chunks of one call under way at a time: one is stored while another is counted, and a slow store is not flooded. */
const IN_FLIGHT = 2;

/**
 * Recording as adapters do it: each event id once, in chunks whose size is bounded. `recordChunk` gives the events of
 * its chunk that it counted.
 */
export function createChunkedRecord(
  recordChunk: (events: readonly JobEvent[]) => Promise<readonly JobEvent[]>,
): ObservationWriter["record"] {
  /** Events that were counted in a call of which another chunk failed; the next call that succeeds tells of them. */
  const untold: JobEvent[] = [];

  return async (events) => {
    const distinct = [...new Map(events.map((event) => [event.eventId.toLowerCase(), event])).values()];
    for (let from = 0; from < distinct.length; from += IN_FLIGHT * MAX_CHUNK) {
      const chunks = Array.from({ length: IN_FLIGHT }, (_, i) =>
        distinct.slice(from + i * MAX_CHUNK, from + (i + 1) * MAX_CHUNK),
      );
      // They end before the call does: one that fails must not leave another under way behind it.
      const results = await Promise.allSettled(chunks.filter(({ length }) => length > 0).map(recordChunk));
      for (const result of results) if (result.status === "fulfilled") untold.push(...result.value);
      const failed = results.find((result) => result.status === "rejected");
      if (failed) throw failed.reason;
    }
    return { fresh: untold.splice(0) };
  };
}
