import { expect, test } from "bun:test";
import { current, ratesByType, seed } from "./rates.ts";

const FROM = Date.parse("2027-01-31T09:00:00Z");
const series = (points: readonly (number | null)[], labels = {}) => ({
  stepMs: 60_000,
  from: new Date(FROM).toISOString(),
  to: new Date(FROM + points.length * 60_000).toISOString(),
  series: [{ metric: "completed", labels, points: [...points] }],
});

test("the total rate and the rates by type agree, and cover the last minute", () => {
  // 120 jobs in the full minute and 30 in the first quarter of the next minute are both 2 jobs per second.
  const [minutes, now] = [[60, 120, 30], FROM + 135_000];
  expect(ratesByType(series(minutes, { type: "hash" }), now).get("hash")).toBe(2);
  for (const seconds of [0, 15, 60])
    expect(
      current(seed(new Array<number>(seconds).fill(2), now, { series: series(minutes), loadedAt: now })),
    ).toBe(2);
});

test("a burst affects the rate for a minute, in samples and in series", () => {
  const burst = [...new Array<number>(59).fill(0), 60];
  expect(current(burst)).toBe(1);
  expect(current([...burst, ...new Array<number>(59).fill(0)])).toBe(1);
  expect(current([...burst, ...new Array<number>(60).fill(0)])).toBe(0);
  expect(ratesByType(series([0, 60], { type: "hash" }), FROM + 119_000).get("hash")).toBe(1);
});

test("even if the clock is wrong, a rate counts the minute in progress in full and the previous minute at most once", () => {
  for (const skew of [-3_600_000, 3_600_000]) {
    const rate = ratesByType(series([60, 60], { type: "hash" }), FROM + 90_000 + skew).get("hash") ?? 0;
    expect(rate).toBeGreaterThanOrEqual(1);
    expect(rate).toBeLessThanOrEqual(2);
  }
});
