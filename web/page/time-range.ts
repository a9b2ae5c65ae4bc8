/** The time ranges of the charts. The URL contains the chosen range, so that a link shows the same view. */
export const TIME_RANGES = [
  { name: "5m", label: "5 min", minutes: 5, tickMinutes: 1 },
  { name: "1h", label: "1 hour", minutes: 60, tickMinutes: 10 },
  { name: "24h", label: "24 hours", minutes: 1_440, tickMinutes: 240 },
] as const;
export type TimeRange = (typeof TIME_RANGES)[number];

export const timeRangeOf = (query: URLSearchParams): TimeRange =>
  TIME_RANGES.find(({ name }) => name === query.get("range")) ?? TIME_RANGES[0];

/** Averages groups of neighboring points, so that at most `most` remain. A group without values becomes null, a gap. */
export function thinned(points: readonly (number | null)[], most: number): (number | null)[] {
  const size = Math.max(1, Math.ceil(points.length / most));
  return Array.from({ length: Math.ceil(points.length / size) }, (_, group) => {
    const known = points.slice(group * size, (group + 1) * size).filter((point) => point !== null);
    return known.length === 0 ? null : known.reduce((sum, point) => sum + point, 0) / known.length;
  });
}
