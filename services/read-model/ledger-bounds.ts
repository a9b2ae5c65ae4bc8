import type { ObservationReader } from "../../shared/observations/port.ts";
import type { LedgerQueries, StoreProgress } from "./ledger-queries.ts";
import { type Bound, watermarkOf } from "./ledger-watermark.ts";

/** Pruning uses another clock and may run during a computation, so events may disappear this much too early. */
const RETENTION_MARGIN_MS = 5 * 60_000;
/** After `eventsFrom` has passed a span's start, the span is still judged by its events for this long. */
const FORGOTTEN_MARGIN_MS = RETENTION_MARGIN_MS / 2;
/** How long ago a span must have ended to be sealed. Events recorded more than `LATE_MS` after they occur are late. */
const SEAL_AFTER_MS = 10_000;
/** Triggers mark every row that is dated more than this before the start of the transaction that writes it. */
const UNMARKED_MS = 5_000;

/** The progress of both sides at one moment. */
export interface Bounds {
  readonly now: Date;
  readonly store: StoreProgress;
  readonly lastEventAt: number | null;
  /** Everything that holds the watermark back. */
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

/** Returns whether the event store may have pruned events of a span that begins at `from`. */
export function isForgotten(from: Date, eventsFrom: Date): boolean {
  return from.getTime() < eventsFrom.getTime() - FORGOTTEN_MARGIN_MS;
}
