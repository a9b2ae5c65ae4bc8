import { useEffect, useState } from "preact/hooks";
import type { Overview, SeriesReply } from "../../contracts/api-queries.ts";
import { addOverview, columns, current, NO_RATES, type Rates, seed } from "../../shared/rates.ts";
import { client } from "./client.ts";
import { useQuery } from "./query.ts";
import { type TimeRange, thinned } from "./time-range.ts";

const COLUMNS = 60;
const SERIES_MS = 15_000;

export interface RateLines {
  readonly perSecond: { readonly completed: number; readonly failed: number };
  /** Completed and failed jobs per second at equal time steps, newest last. */
  readonly completed: readonly (number | null | undefined)[];
  readonly failed: readonly (number | null | undefined)[];
}

/**
 * Returns rates per second. For a range of up to five minutes, they are computed from the counters of successive
 * overviews; for the part of the range before the page was opened, they come from the read model's series. Longer
 * ranges use only that series, which has one point per minute.
 */
export function useRates(overview: Overview | undefined, { minutes }: TimeRange): RateLines {
  const [rates, setRates] = useState<Rates>(NO_RATES);
  const isShort = minutes <= 5;
  const series = (metric: "completed" | "failed", span: number, frozen: boolean) =>
    useQuery(
      `${metric} ${span}`,
      async (signal) => ({
        series: await client.readModel.series({ query: { metric, minutes: span } }, { signal }),
        loadedAt: Date.now(),
      }),
      { frozen, everyMs: SERIES_MS },
    ).data;
  // A long range omits the current minute, which would make each line drop at its end.
  const span = isShort ? 6 : minutes;
  const completed = series("completed", span, isShort);
  const failed = series("failed", span, isShort);
  useEffect(() => {
    if (overview) setRates((before) => addOverview(before, overview));
  }, [overview?.at]);
  const own = {
    completed: seed(rates.completed, rates.last?.at, completed),
    failed: seed(rates.failed, rates.last?.at, failed),
  };
  const perSecond = { completed: current(own.completed), failed: current(own.failed) };
  if (isShort)
    return { perSecond, completed: columns(own.completed, COLUMNS), failed: columns(own.failed, COLUMNS) };
  return { perSecond, completed: perMinute(completed?.series), failed: perMinute(failed?.series) };
}

/**
 * Converts counts per minute to rates per second. A minute without a count is 0, but the time before the first count
 * is unknown.
 */
function perMinute(reply: SeriesReply | undefined): (number | null)[] {
  const points = (reply?.series[0]?.points ?? []).slice(0, -1);
  const first = points.findIndex((point) => point !== null);
  const rates = points.map((point, index) => (first < 0 || index < first ? null : (point ?? 0) / 60));
  return thinned(rates, COLUMNS * 2);
}
