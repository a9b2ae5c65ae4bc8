import { describe, expect, test } from "bun:test";
import { createRandom } from "../../tests/support/random.ts";
import {
  bucketOf,
  countOf,
  mergeInto,
  middleOf,
  percentile,
  percentiles,
  summaryOf,
} from "./latency-digest.ts";

function digestOf(durations: readonly number[]): Map<number, number> {
  const digest = new Map<number, number>();
  for (const ms of durations) mergeInto(digest, new Map([[bucketOf(ms), 1]]));
  return digest;
}

/** Computes an exact percentile by nearest rank. */
function exact(durations: readonly number[], q: number): number {
  const sorted = [...durations].sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1] ?? Number.NaN;
}

const random = createRandom(7);
const logUniform = (least: number, most: number) =>
  least * (most / least) ** (random.between(0, 1_000_000) / 1_000_000);

describe("a latency digest", () => {
  test("represents every duration from a microsecond to a hundred days within 2%", () => {
    for (let ms = 0.0011; ms < 8.64e9; ms *= 1.0007) {
      const error = Math.abs(middleOf(bucketOf(ms)) - ms) / ms;
      if (error > 0.02) throw new Error(`${ms} ms is reported as ${middleOf(bucketOf(ms))}`);
    }
  });

  test("orders its buckets like the durations, and has at most 805 of them", () => {
    let last = 0;
    for (let ms = 0; ms < 1e10; ms = ms * 1.01 + 1e-4) {
      expect(bucketOf(ms)).toBeGreaterThanOrEqual(last);
      last = bucketOf(ms);
    }
    expect(bucketOf(Number.POSITIVE_INFINITY)).toBeLessThanOrEqual(804);
    expect(bucketOf(1e300)).toBe(bucketOf(1e10));
  });

  test("treats anything that is not a duration as zero", () => {
    for (const ms of [0, -1, Number.NaN, 1e-9]) expect(middleOf(bucketOf(ms))).toBe(0);
  });

  const shapes: Record<string, number[]> = {
    "one value": [42],
    "equal values": Array.from({ length: 500 }, () => 3.25),
    "two humps": Array.from({ length: 2_000 }, (_, n) => (n % 20 === 0 ? 4_000 : 1) + n / 10_000),
    "six decades": Array.from({ length: 5_000 }, () => logUniform(0.01, 10_000)),
    "a uniform range": Array.from({ length: 1_000 }, (_, n) => n + 1),
  };
  test.each(Object.entries(shapes))("reports percentiles of %s within 2%%", (_, durations) => {
    const digest = digestOf(durations);
    for (const q of [0.01, 0.5, 0.9, 0.95, 0.99, 1]) {
      const wanted = exact(durations, q);
      expect(Math.abs((percentile(digest, q) ?? Number.NaN) - wanted) / wanted).toBeLessThanOrEqual(0.02);
    }
  });

  test("equals the digest merged from two parts of its data", () => {
    const durations = Array.from({ length: 1_000 }, () => logUniform(0.1, 5_000));
    const merged = digestOf(durations.slice(0, 300));
    mergeInto(merged, digestOf(durations.slice(300)));
    expect(merged).toEqual(digestOf(durations));
    expect(countOf(merged)).toBe(1_000);
  });

  test("has no percentiles if it is empty", () => {
    expect(summaryOf(new Map())).toEqual({ count: 0, p50: null, p95: null, p99: null });
    expect(percentiles(new Map(), [0, 1])).toEqual([null, null]);
  });

  test("returns several percentiles in the requested order", () => {
    const digest = digestOf([1, 2, 3, 4]);
    expect(percentiles(digest, [1, 0.25])).toEqual([middleOf(bucketOf(4)), middleOf(bucketOf(1))]);
  });
});
