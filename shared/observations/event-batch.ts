import { EVENT_TYPES, type EventType, type JobEvent } from "../../contracts/events.ts";
import { eventIdAt } from "../../contracts/ids.ts";
import { createIdSum, type IdSum } from "./id-sum.ts";
import { MINUTE_MS } from "./series.ts";
import { TERMINAL_EVENTS } from "./terminal-events.ts";

/** The longest time a batch may span: readers look this far beyond the time they want. */
export const BATCH_SPAN_MS = MINUTE_MS;
/**
 * Few enough that a page unpacks a handful of batches, many enough that each event's share of a row or document is
 * small.
 */
const MAX_EVENTS = 250;
/** Before compression: far below the 16 MB limit of a MongoDB document. */
const MAX_CHARACTERS = 2_000_000;
/** A job's first sequences are stored as the bits of a `bigint`. */
export const LAST_BATCHED_SEQUENCE = 62;

/** Events of one minute stored together: their envelopes and their search keys. */
export interface EventBatch {
  /** Milliseconds since 1970 of its earliest and its latest event. */
  readonly from: number;
  readonly to: number;
  readonly types: readonly EventType[];
  /** What the ledger compares, so that it need not read the envelopes. */
  readonly created: IdSum;
  readonly ended: IdSum;
  readonly events: readonly JobEvent[];
  /** The envelopes as JSON texts, one per line, compressed. */
  readonly body: Uint8Array;
}

/**
 * Whether an event may be stored in a batch, where job and sequence identify it. Others, and those whose place another
 * event has taken, are stored alone, under their id.
 */
export function isBatchable({ eventId, payload: { jobId, sequence } }: JobEvent): boolean {
  // The id of `job.created` also depends on the request, so the record of its place includes its id.
  if (sequence === 0) return true;
  return sequence <= LAST_BATCHED_SEQUENCE && eventId.toLowerCase() === eventIdAt(jobId, sequence);
}

/** Divides events, in order, into batches that are bounded in number, in size and to one minute. */
export function batchesOf(events: readonly JobEvent[]): EventBatch[] {
  const batches: EventBatch[] = [];
  for (const ofMinute of Map.groupBy(events, minuteOf).values()) {
    let part: JobEvent[] = [];
    let lines: string[] = [];
    let characters = 0;
    const end = () => {
      if (part.length > 0) batches.push(batchOf(part, lines));
      [part, lines, characters] = [[], [], 0];
    };
    for (const event of ofMinute) {
      const line = JSON.stringify(event);
      if (part.length === MAX_EVENTS || characters + line.length > MAX_CHARACTERS) end();
      part.push(event);
      lines.push(line);
      characters += line.length;
    }
    end();
  }
  return batches;
}

/** The events of a body, limited to one job or to some types where these are given. Other events are not parsed. */
export function readBatch(
  body: Uint8Array,
  { jobId, types }: { jobId?: string | undefined; types?: readonly string[] | undefined } = {},
): JobEvent[] {
  const job = jobId?.toLowerCase();
  const mentionsJob = job === undefined ? undefined : new RegExp(job, "i");
  const mentions = (line: string) =>
    line !== "" &&
    (mentionsJob?.test(line) ?? true) &&
    (types?.some((type) => line.includes(`"${type}"`)) ?? true);
  return Bun.zstdDecompressSync(body)
    .toString()
    .split("\n")
    .filter(mentions)
    .map((line) => JSON.parse(line) as JobEvent)
    .filter(
      ({ eventType, payload }) =>
        (job === undefined || payload.jobId.toLowerCase() === job) && (types?.includes(eventType) ?? true),
    );
}

function batchOf(events: readonly JobEvent[], lines: readonly string[]): EventBatch {
  const created = createIdSum();
  const ended = createIdSum();
  const present = new Set<string>();
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (const { eventId, eventType, occurredAt } of events) {
    const at = Date.parse(occurredAt);
    from = Math.min(from, at);
    to = Math.max(to, at);
    present.add(eventType);
    if (eventType === "job.created") created.add(eventId);
    else if ((TERMINAL_EVENTS as readonly string[]).includes(eventType)) ended.add(eventId);
  }
  return {
    from,
    to,
    types: EVENT_TYPES.filter((type) => present.has(type)),
    created: created.sum(),
    ended: ended.sum(),
    events,
    body: Bun.zstdCompressSync(Buffer.from(lines.join("\n")), { level: 1 }),
  };
}

function minuteOf({ occurredAt }: JobEvent): number {
  return Math.floor(Date.parse(occurredAt) / BATCH_SPAN_MS);
}
