import { expect, test } from "bun:test";
import { reconnectDelayMs } from "./backoff.ts";

test("delays grow by half each time, from 1 s up to 30 s, and jitter at most halves them", () => {
  const longest = (attempt: number) => reconnectDelayMs(attempt, () => 1);
  expect([0, 1, 2, 3].map(longest)).toEqual([1_000, 1_500, 2_250, 3_375]);
  expect(longest(100)).toBe(30_000);
  expect(reconnectDelayMs(100, () => 0)).toBe(15_000);
});
