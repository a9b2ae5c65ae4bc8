import { expect, test } from "bun:test";
import { age, count, duration, rate, shortId } from "./format.ts";

test("durations are rounded and shown in a suitable unit", () => {
  expect(
    [0, 0.16, 9.96, 18, 999.6, 1_500, 42_000, 61_000, 7_200_000, 200_000_000].map((ms) => duration(ms)),
  ).toEqual(["0 ms", "0.2 ms", "10 ms", "18 ms", "1.0 s", "1.5 s", "42 s", "1 min", "2 h", "2 d"]);
  expect(duration(null)).toBe("–");
});

test("ages count whole seconds", () => {
  expect([-5, 900, 12_400, 61_000].map(age)).toEqual(["0 s", "0 s", "12 s", "1 min"]);
});

test("counts and rates have their thousands grouped, and ids are shortened", () => {
  expect(count(12480)).toBe("12,480");
  expect(rate(0.44)).toBe("0.4/s");
  expect(rate(1204)).toBe("1,204/s");
  expect(shortId("01a21d54-7589-76a2-8f2c-05f50dfcb187")).toBe("0dfcb187");
});
