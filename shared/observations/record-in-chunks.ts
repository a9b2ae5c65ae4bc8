import type { JobEvent } from "../../contracts/events.ts";
import type { ObservationWriter } from "./port.ts";

/** The maximum number of events recorded in one step. */
export const MAX_CHUNK = 1_000;
const MIN_CHUNK = 50;
/**
 * How many chunks of a call run at once. With two, one chunk can be stored while another is counted; more could
 * overload a slow store.
 */
const IN_FLIGHT = 2;

/**
 * Creates the recording loop that both adapters share: it records each event id once, in chunks of limited size.
 * `recordChunk` returns the events that it counted.
 *
 * Each failure halves the chunk size, and each success doubles it again up to the maximum. With a fixed size, a store
 * that is too slow for a large chunk would time out on the same chunk again and again, and recording would never
 * progress.
 */
export function createChunkedRecord(
  recordChunk: (events: readonly JobEvent[]) => Promise<readonly JobEvent[]>,
): ObservationWriter["record"] {
  /** Events that were counted in a failed call; the next successful call reports them. */
  const unreported: JobEvent[] = [];
  let size = MAX_CHUNK;

  return async (events) => {
    const distinct = [...new Map(events.map((event) => [event.eventId.toLowerCase(), event])).values()];
    for (let from = 0; from < distinct.length; ) {
      const chunks = Array.from({ length: IN_FLIGHT }, (_, i) =>
        distinct.slice(from + i * size, from + (i + 1) * size),
      );
      from += IN_FLIGHT * size;
      // The call waits for all chunks, because a failed call must not leave another chunk running.
      const results = await Promise.allSettled(chunks.filter(({ length }) => length > 0).map(recordChunk));
      for (const result of results) if (result.status === "fulfilled") unreported.push(...result.value);
      const failed = results.find((result) => result.status === "rejected");
      size = failed ? Math.max(MIN_CHUNK, size >> 1) : Math.min(MAX_CHUNK, size * 2);
      if (failed) throw failed.reason;
    }
    return { fresh: unreported.splice(0) };
  };
}
