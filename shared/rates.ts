import type { Overview, SeriesReply } from "../contracts/api-queries.ts";

/** Seconds that the chart of the overview shows. */
export const CHART_SECONDS = 300;

/** Jobs per second over the last five minutes, one sample per second, the newest last. */
export interface Rates {
  readonly completed: readonly number[];
  readonly failed: readonly number[];
  /** The counters of the newest overview, which the next is compared with. */
  readonly last?: { readonly at: number; readonly completed: number; readonly failed: number };
}

export const NO_RATES: Rates = { completed: [], failed: [] };

/** Adds what changed between two overviews, spread over the seconds between them. */
export function addOverview(rates: Rates, overview: Overview): Rates {
  const { completed, failed } = overview.stats.counters;
  const at = Date.parse(overview.at);
  const last = { at, completed, failed };
  if (!rates.last) return { ...rates, last };
  const seconds = (at - rates.last.at) / 1_000;
  if (seconds < 0.5) return rates;
  const samples = Math.min(CHART_SECONDS, Math.max(1, Math.round(seconds)));
  const add = (list: readonly number[], change: number) =>
    // A counter that fell was reset with its store.
    [...list, ...new Array<number>(samples).fill(Math.max(0, change) / seconds)].slice(-CHART_SECONDS);
  return {
    last,
    completed: add(rates.completed, completed - rates.last.completed),
    failed: add(rates.failed, failed - rates.last.failed),
  };
}

/** Minutes that a rate by type averages over, the one under way included. */
const RECENT_MINUTES = 3;

/** Per second, by job type, over the last minutes of a series that holds every type. */
export function ratesByType({ series, from, stepMs }: SeriesReply, now: number): ReadonlyMap<string, number> {
  return new Map(
    series.flatMap(({ labels: { type }, points }): [string, number][] => {
      if (type === undefined) return [];
      const recent = points.slice(-RECENT_MINUTES);
      const start = Date.parse(from) + (points.length - recent.length) * stepMs;
      // The clock that counted the minutes may differ from this one.
      const ms = Math.min(recent.length * stepMs, Math.max((recent.length - 1) * stepMs, now - start, 1_000));
      return [[type, recent.reduce<number>((sum, point) => sum + (point ?? 0), 0) / (ms / 1_000)]];
    }),
  );
}

/** Puts the minutes that were counted before this program started in front of its own samples. */
export function seed(own: readonly number[], series: SeriesReply | undefined): readonly number[] {
  const points = series?.series[0]?.points;
  if (!points || own.length >= CHART_SECONDS) return own;
  const seconds = Math.round(series.stepMs / 1_000);
  const before = points.flatMap((point) => new Array<number>(seconds).fill((point ?? 0) / seconds));
  // The minute under way is still growing, so it ends where the own samples begin.
  const missing = CHART_SECONDS - own.length;
  const past = before.slice(0, Math.max(0, before.length - seconds));
  return [...past.slice(-missing), ...own];
}

/** Averages over `width` columns of equal time, the newest at the right; missing time is undefined. */
export function columns(samples: readonly number[], width: number): (number | undefined)[] {
  const perColumn = CHART_SECONDS / width;
  return Array.from({ length: width }, (_, column) => {
    const from = samples.length - CHART_SECONDS + Math.floor(column * perColumn);
    const to = samples.length - CHART_SECONDS + Math.floor((column + 1) * perColumn);
    const part = samples.slice(Math.max(0, from), Math.max(0, to));
    return part.length === 0 ? undefined : part.reduce((sum, value) => sum + value, 0) / part.length;
  });
}

/** The rate now: the mean of the last few seconds, so that the number can be read. */
export function current(samples: readonly number[]): number {
  const recent = samples.slice(-5);
  return recent.length === 0 ? 0 : recent.reduce((sum, value) => sum + value, 0) / recent.length;
}
