import type { Delta } from "../../contracts/api-queries.ts";
import type { JobEvent } from "../../contracts/events.ts";
import { deltaOf } from "./counting.ts";

/**
 * The maximum number of deltas (short forms of events) in a live-feed entry. Of a larger batch of events, only the last
 * are kept, because no one could follow more. The feed stays below 100 MB even if every entry is full.
 */
export const MAX_DELTAS = 150;

type Row = [Delta["jobId"], Delta["type"], Delta["event"], Delta["status"], number, number, Delta["at"]];

/** Builds a live-feed entry's fields. Each delta is a row of values without field names, which halves its size. */
export function feedFields(events: readonly JobEvent[]): { deltas: string; dropped: number } {
  const dropped = Math.max(0, events.length - MAX_DELTAS);
  const rows = events.slice(dropped).map((event): Row => {
    const { jobId, type, event: name, status, sequence, attempt, at } = deltaOf(event);
    return [jobId, type, name, status, sequence, attempt, at];
  });
  return { deltas: JSON.stringify(rows), dropped };
}

export function deltasOf(text: string): Delta[] {
  return (JSON.parse(text) as Row[]).map(([jobId, type, event, status, sequence, attempt, at]) => ({
    jobId,
    type,
    event,
    status,
    sequence,
    attempt,
    at,
  }));
}
