import { expect, test } from "bun:test";
import { createInputLimit } from "./input-limit.ts";

test("two seconds' worth of input passes in a burst, and further input is limited to the configured rate", () => {
  let time = 0;
  const limit = createInputLimit(100, () => time);
  expect(limit.tryTake(200)).toBe(true);
  expect(limit.tryTake(1)).toBe(false);
  time = 500;
  expect(limit.tryTake(50)).toBe(true);
  expect(limit.tryTake(1)).toBe(false);
  time = 60_000;
  expect(limit.tryTake(201)).toBe(false);
  expect(limit.tryTake(200)).toBe(true);
});
