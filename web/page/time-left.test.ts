import { expect, test } from "bun:test";
import { timeLeft } from "./time-left.ts";

test("the remaining time is rounded up to whole seconds, and is shown as the word now at zero", () => {
  expect([120_000, 59_100, 9_000, 8_999, 1, 0, -5_000].map(timeLeft)).toEqual([
    "in 2 min",
    "in 60 s",
    "in 9 s",
    "in 9 s",
    "in 1 s",
    "now",
    "now",
  ]);
});
