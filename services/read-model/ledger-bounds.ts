import type { ObservationReader } from "../../shared/observations/port.ts";
import type { LedgerQueries, StoreProgress } from "./ledger-queries.ts";
import { type Bound, watermarkOf } from "./ledger-watermark.ts";

/**
 * Events are assumed to be pruned this long before the end of their retention, because the pruning service may have
 * another clock and may prune during a computation.
 */
const RETENTION_MARGIN_MS = 5 * 60_000;
/**
 * Spans that begin more than this long before `eventsFrom` are judged without their events. This is half of the margin
 * above, so the events of all other spans still exist while these are judged.
 */
const FORGOTTEN_MARGIN_MS = RETENTION_MARGIN_MS / 2;
/**
 * How long ago a span must have ended before its sums are stored ("sealed"). An event recorded more than `LATE_MS` (5
 * s) after it occurred counts as late and has its span judged again; every other event is stored before its span is
 * sealed.
 */
const SEAL_AFTER_MS = 10_000;
/**
 * When a row is inserted into a sealed span, a trigger has the span judged again, but only if the row's date is more
 * than this long before the start of the inserting transaction. Rows with later dates must therefore be inserted before
 * their span is sealed, so sealing stops this long before the start of the oldest open transaction.
 */
const UNMARKED_MS = 5_000;

/** The progress of the job store and of the event store at one moment. */
export interface Bounds {
  readonly now: Date;
  readonly store: StoreProgress;
  readonly lastEventAt: number | null;
  /** Everything besides `settleMs` that holds back the watermark, the time up to which jobs are judged. */
  readonly bounds: readonly Bound[];
  watermark(settleMs: number): Date;
  /** Spans may be sealed up to this time. */
  readonly horizon: Date;
  /** Events before this time may have been pruned. */
  readonly eventsFrom: Date;
}

export interface BoundsOptions {
  readonly queries: Pick<LedgerQueries, "progress">;
  readonly observations: Pick<ObservationReader, "totals" | "latestSnapshot">;
  readonly retentionMs: number;
  readonly now: () => Date;
}

export function createBounds({ queries, observations, retentionMs, now }: BoundsOptions) {
  return async (): Promise<Bounds> => {
    const [store, totals, snapshot] = await Promise.all([
      queries.progress(),
      observations.totals(),
      observations.latestSnapshot(),
    ]);
    const lastEventAt = totals.lastEventAt === null ? null : Date.parse(totals.lastEventAt);
    const at = now();
    const progress = { ...store, now: at.getTime(), snapshot, lastEventAt };
    const { watermark, bounds } = watermarkOf(progress, SEAL_AFTER_MS);
    const horizon = Math.min(
      watermark.getTime(),
      store.storeNow - SEAL_AFTER_MS,
      (store.oldestWriterAt ?? Number.POSITIVE_INFINITY) - UNMARKED_MS,
    );
    return {
      now: at,
      store,
      lastEventAt,
      bounds,
      watermark: (settleMs) => watermarkOf(progress, settleMs).watermark,
      horizon: new Date(Math.max(0, horizon)),
      eventsFrom: new Date(at.getTime() - retentionMs + RETENTION_MARGIN_MS),
    };
  };
}

/**
 * Returns whether a span that begins at `from` must be judged without its events, because they may have been pruned.
 */
export function isForgotten(from: Date, eventsFrom: Date): boolean {
  return from.getTime() < eventsFrom.getTime() - FORGOTTEN_MARGIN_MS;
}
