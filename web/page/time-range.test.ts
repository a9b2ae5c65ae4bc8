import { expect, test } from "bun:test";
import { thinned, timeRangeOf } from "./time-range.ts";

test("an unknown time range becomes the shortest range", () => {
  expect(timeRangeOf(new URLSearchParams("range=1h")).minutes).toBe(60);
  expect(timeRangeOf(new URLSearchParams("range=1y")).minutes).toBe(5);
});

test("thinning a series averages the known points of each step, and a step without known points stays a gap", () => {
  expect(thinned([1, 3, null, null, 4, null], 3)).toEqual([2, null, 4]);
  expect(thinned([1, null], 60)).toEqual([1, null]);
});
