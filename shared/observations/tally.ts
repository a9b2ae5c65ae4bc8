import type { JobEvent } from "../../contracts/events.ts";
import { contributionOf } from "./counting.ts";
import { bucketOf } from "./latency-digest.ts";
import { MINUTE_MS, type SeriesKind, seriesField } from "./series.ts";
import { TERMINAL_EVENTS } from "./terminal-events.ts";

/**
 * Series (numbers per minute) reach back a day. Older events are stored and counted in the totals, but appear in no
 * series.
 */
const SERIES_REACH_MS = 24 * 60 * MINUTE_MS;
/**
 * Events dated further in the future than this come from a wrong clock: they appear in no series and never count as the
 * latest event.
 */
const AHEAD_MS = 10 * MINUTE_MS;

/**
 * Events recorded more than this after they occurred count as late. The ledger seals a span of time (keeps its result)
 * only when it ended longer ago than this, so only late events can be missing from a sealed span.
 */
export const LATE_MS = 5_000;

/** How many job types have their own series; the others share the name "other". */
export const MAX_TYPES = 50;

const LEDGER_EVENTS: ReadonlySet<string> = new Set(["job.created", ...TERMINAL_EVENTS]);

export type Counts = Map<string, number>;

/** Sums over some events, to be added to the stored numbers. */
export interface Tally {
  /** Counts by counter name. */
  readonly totals: Counts;
  /** Durations by digest bucket. */
  readonly execution: Counts;
  readonly queueWait: Counts;
  /** Series by minute since 1970, then by field. */
  readonly minutes: ReadonlyMap<number, Record<Exclude<SeriesKind, "gauges">, Counts>>;
  /**
   * The number of late events among those that the ledger compares, by the minute since 1970 in which they occurred.
   */
  readonly late: Counts;
  /** The time of the latest event with a plausible clock, in milliseconds since 1970; 0 if there is none. */
  readonly lastEventAt: number;
}

/** Adds up distinct events. `typeLabel` limits the number of job types with their own series. */
export function tallyOf(
  events: readonly JobEvent[],
  { now, typeLabel }: { now: number; typeLabel: (type: string) => string },
): Tally {
  const totals: Counts = new Map([["events", events.length]]);
  const execution: Counts = new Map();
  const queueWait: Counts = new Map();
  const minutes = new Map<number, Record<"counts" | "execution" | "queueWait", Counts>>();
  const late: Counts = new Map();
  let lastEventAt = 0;

  for (const event of events) {
    const at = Date.parse(event.occurredAt);
    // A single event from the far future would remain the latest for years.
    if (at < now + AHEAD_MS) lastEventAt = Math.max(lastEventAt, at);
    if (LEDGER_EVENTS.has(event.eventType) && at < now - LATE_MS)
      add(late, String(Math.floor(at / MINUTE_MS)));
    const { counter, executionMs, queueWaitMs } = contributionOf(event);
    if (counter === undefined && executionMs === undefined && queueWaitMs === undefined) continue;

    const inSeries = at > now - SERIES_REACH_MS && at < now + AHEAD_MS;
    const minute = inSeries ? minuteOf(Math.floor(at / MINUTE_MS)) : undefined;
    const type = typeLabel(event.payload.jobType);
    if (counter) {
      add(totals, counter);
      if (minute) add(minute.counts, seriesField(counter, type));
    }
    if (executionMs !== undefined) addDuration(execution, minute?.execution, executionMs, type);
    if (queueWaitMs !== undefined) addDuration(queueWait, minute?.queueWait, queueWaitMs, type);
  }
  return { totals, execution, queueWait, minutes, late, lastEventAt };

  function minuteOf(number: number) {
    let minute = minutes.get(number);
    if (!minute) {
      minute = { counts: new Map(), execution: new Map(), queueWait: new Map() };
      minutes.set(number, minute);
    }
    return minute;
  }
}

function addDuration(total: Counts, minute: Counts | undefined, ms: number, type: string): void {
  const bucket = String(bucketOf(ms));
  add(total, bucket);
  if (minute) add(minute, seriesField(bucket, type));
}

function add(counts: Counts, field: string): void {
  counts.set(field, (counts.get(field) ?? 0) + 1);
}
