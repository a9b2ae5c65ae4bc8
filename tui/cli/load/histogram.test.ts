import { expect, test } from "bun:test";
import { createHistogram } from "./histogram.ts";

test("quantiles are within 5% of the exact values, and the highest is the maximum", () => {
  const histogram = createHistogram();
  const values = Array.from({ length: 10_000 }, (_, n) => ((n * 7_919) % 10_000) / 10 + 0.1);
  for (const value of values) histogram.add(value);
  const sorted = values.toSorted((a, b) => a - b);
  for (const share of [0.5, 0.95, 0.99, 1]) {
    const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
    const found = histogram.quantile(share) ?? 0;
    expect(found).toBeGreaterThanOrEqual(exact * 0.999);
    expect(found).toBeLessThanOrEqual(exact * 1.051);
  }
  expect([histogram.count, histogram.quantile(1)]).toEqual([10_000, histogram.max]);
});

test("empty rows at both ends are omitted, and the rows add up to the total", () => {
  const histogram = createHistogram();
  expect([histogram.rows(), histogram.quantile(0.5)]).toEqual([[], undefined]);
  for (const ms of [3, 4, 80, 20_000]) histogram.add(ms);
  const rows = histogram.rows();
  expect(rows[0]).toEqual({ upToMs: 5, count: 2 });
  expect(rows.at(-1)).toEqual({ upToMs: Number.POSITIVE_INFINITY, count: 1 });
  expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(4);
});
