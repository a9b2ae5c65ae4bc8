import type { JobEvent } from "../../contracts/events.ts";
import { contributionOf } from "./counting.ts";
import { bucketOf } from "./latency-digest.ts";
import { MINUTE_MS, type SeriesKind, seriesField } from "./series.ts";

/** Series reach back a day; older events are stored and counted in the totals, but are in no series. */
const SERIES_REACH_MS = 24 * 60 * MINUTE_MS;
/** A producer's clock may be a little ahead. */
const AHEAD_MS = 10 * MINUTE_MS;

/** Job types with series of their own; the rest share the name "other". */
export const MAX_TYPES = 50;

export type Counts = Map<string, number>;

/** What some events add up to, ready to be added to what is kept. */
export interface Tally {
  /** By counter name. */
  readonly totals: Counts;
  /** By bucket. */
  readonly execution: Counts;
  readonly queueWait: Counts;
  /** By minute since 1970, then by series field. */
  readonly minutes: ReadonlyMap<number, Record<Exclude<SeriesKind, "gauges">, Counts>>;
  /** Milliseconds since 1970 of the latest event. */
  readonly lastEventAt: number;
}

/** Add up events, each of them once. `typeLabel` bounds the number of job types that have series of their own. */
export function tallyOf(
  events: readonly JobEvent[],
  { now, typeLabel }: { now: number; typeLabel: (type: string) => string },
): Tally {
  const totals: Counts = new Map([["events", events.length]]);
  const execution: Counts = new Map();
  const queueWait: Counts = new Map();
  const minutes = new Map<number, Record<"counts" | "execution" | "queueWait", Counts>>();
  let lastEventAt = 0;

  for (const event of events) {
    const at = Date.parse(event.occurredAt);
    lastEventAt = Math.max(lastEventAt, at);
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
  return { totals, execution, queueWait, minutes, lastEventAt };

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
