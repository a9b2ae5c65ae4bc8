import { EVENT_TYPES, type EventType, type JobEvent } from "../../contracts/events.ts";
import { eventIdAt } from "../../contracts/ids.ts";
import { createIdSum, type IdSum } from "./id-sum.ts";
import { MINUTE_MS } from "./series.ts";
import { TERMINAL_EVENTS } from "./terminal-events.ts";

/**
 * The longest time that a batch may span. Readers that search for a batch by its latest event allow for this: the event
 * they need may be older by up to this time.
 */
export const BATCH_SPAN_MS = MINUTE_MS;
/**
 * Maximum number of events in a batch: few enough that reading a page of events unpacks little more than the page
 * shows, and enough to keep the overhead per event small.
 */
const MAX_EVENTS = 250;
/** The maximum size of a batch before compression. It is far below the 16 MB that a MongoDB document may have. */
const MAX_CHARACTERS = 2_000_000;
/**
 * The last sequence that can be in a batch: the stores record which of a job's sequences they have as the bits of a
 * `bigint`.
 */
export const LAST_BATCHED_SEQUENCE = 62;

/** Events from one minute that are stored together: their envelopes and search keys. */
export interface EventBatch {
  /** The times of the earliest and the latest event, in milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  readonly types: readonly EventType[];
  /** Sums of event ids, so that the ledger need not read the envelopes. */
  readonly created: IdSum;
  readonly ended: IdSum;
  readonly events: readonly JobEvent[];
  /** The envelopes as compressed JSON, one per line. */
  readonly body: Uint8Array;
}

/**
 * Whether an event may be stored in a batch, where its job and sequence identify it. Any other event, and any event
 * whose job and sequence are already taken, is stored alone under its id.
 */
export function isBatchable({ eventId, payload: { jobId, sequence } }: JobEvent): boolean {
  // The id of `job.created` also depends on the request, so stores record it separately.
  if (sequence === 0) return true;
  return sequence <= LAST_BATCHED_SEQUENCE && eventId.toLowerCase() === eventIdAt(jobId, sequence);
}

/**
 * Divides events into batches, in order. Each batch holds events of the same minute, up to limits on their number and
 * total size.
 */
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

/**
 * Reads the events in a batch's body, optionally only those of one job or of some types. Skips other events without
 * parsing them.
 */
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
