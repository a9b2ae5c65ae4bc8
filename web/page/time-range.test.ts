import { expect, test } from "bun:test";
import { thinned, timeRangeOf } from "./time-range.ts";

test("a range that is not known is the shortest", () => {
  expect(timeRangeOf(new URLSearchParams("range=1h")).minutes).toBe(60);
  expect(timeRangeOf(new URLSearchParams("range=1y")).minutes).toBe(5);
});

test("points are averaged over what is known, and a gap stays a gap", () => {
  expect(thinned([1, 3, null, null, 4, null], 3)).toEqual([2, null, 4]);
  expect(thinned([1, null], 60)).toEqual([1, null]);
});
