import type { Overview, SeriesReply } from "../contracts/api-queries.ts";

/** How many seconds the overview's chart shows. */
export const CHART_SECONDS = 300;

/** Jobs per second over the last five minutes, with one sample per second, newest last. */
export interface Rates {
  readonly completed: readonly number[];
  readonly failed: readonly number[];
  /** The counters of the newest overview, for comparison with the next one. */
  readonly last?: { readonly at: number; readonly completed: number; readonly failed: number };
}

export const NO_RATES: Rates = { completed: [], failed: [] };

/** Adds the changes since the previous overview, spread evenly over the seconds in between. */
export function addOverview(rates: Rates, overview: Overview): Rates {
  const { completed, failed } = overview.stats.counters;
  const at = Date.parse(overview.at);
  const last = { at, completed, failed };
  if (!rates.last) return { ...rates, last };
  const seconds = (at - rates.last.at) / 1_000;
  if (seconds < 0.5) return rates;
  const samples = Math.min(CHART_SECONDS, Math.max(1, Math.round(seconds)));
  const add = (list: readonly number[], change: number) =>
    // A counter falls only when its store is reset; count that as no change.
    [...list, ...new Array<number>(samples).fill(Math.max(0, change) / seconds)].slice(-CHART_SECONDS);
  return {
    last,
    completed: add(rates.completed, completed - rates.last.completed),
    failed: add(rates.failed, failed - rates.last.failed),
  };
}

/** A current rate covers the last minute, which is also the step of a series. */
const RATE_SECONDS = 60;

/** Returns the current rate, from samples one second apart. */
export function current(samples: readonly number[]): number {
  const recent = samples.slice(-RATE_SECONDS);
  return recent.length === 0 ? 0 : recent.reduce((sum, value) => sum + value, 0) / recent.length;
}

/**
 * Returns the current rates by job type, from the series of all types. They cover 60 seconds: the minute in progress
 * and the end of the previous one.
 */
export function ratesByType({ series, from, stepMs }: SeriesReply, now: number): ReadonlyMap<string, number> {
  return new Map(
    series.flatMap(({ labels: { type }, points }): [string, number][] => {
      if (type === undefined) return [];
      // The metrics-engine's clock sets the minute boundaries and may differ from this machine's clock, so `elapsed` is
      // clamped below.
      const elapsed = now - Date.parse(from) - (points.length - 1) * stepMs;
      const share = 1 - Math.min(Math.max(elapsed, 0), stepMs) / stepMs;
      const [before, underWay] = [points.at(-2) ?? 0, points.at(-1) ?? 0];
      return [[type, (underWay + share * before) / (stepMs / 1_000)]];
    }),
  );
}

/** Counts per minute, and the time at which they were read. */
export interface Counted {
  readonly series: SeriesReply;
  readonly loadedAt: number;
}

/**
 * Prepends rates from counts per minute to this program's own samples, for the time before its first sample. `newestAt`
 * is the time of the newest sample.
 */
export function seed(
  own: readonly number[],
  newestAt: number | undefined,
  counted: Counted | undefined,
): readonly number[] {
  const points = counted?.series.series[0]?.points;
  if (!counted || !points || own.length >= CHART_SECONDS) return own;
  const { stepMs, from } = counted.series;
  const last = points.length - 1;
  const first = Date.parse(from);
  // The minute in progress ends now. Its length is bounded, because the metrics-engine's clock may differ.
  const elapsedMs = Math.min(Math.max(counted.loadedAt - first - last * stepMs, 1_000), stepMs);
  const start = newestAt === undefined || own.length === 0 ? counted.loadedAt : newestAt - own.length * 1_000;
  const past: number[] = [];
  for (let second = CHART_SECONDS - own.length; second >= 1; second--) {
    const minute = Math.min(Math.floor((start - second * 1_000 - first) / stepMs), last);
    if (minute >= 0) past.push((points[minute] ?? 0) / ((minute === last ? elapsedMs : stepMs) / 1_000));
  }
  return [...past, ...own];
}

/** Averages the samples into `width` columns of equal duration, newest last; a column without samples is undefined. */
export function columns(samples: readonly number[], width: number): (number | undefined)[] {
  const perColumn = CHART_SECONDS / width;
  return Array.from({ length: width }, (_, column) => {
    const from = samples.length - CHART_SECONDS + Math.floor(column * perColumn);
    const to = samples.length - CHART_SECONDS + Math.floor((column + 1) * perColumn);
    const part = samples.slice(Math.max(0, from), Math.max(0, to));
    return part.length === 0 ? undefined : part.reduce((sum, value) => sum + value, 0) / part.length;
  });
}
