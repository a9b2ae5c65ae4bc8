import { expect, test } from "bun:test";
import { nextDelayMs } from "./retry-policy.ts";

const policy = { maxAttempts: 4, baseMs: 100, capMs: 350 };
const latest = (tries: number) => nextDelayMs({ tries, ...policy }, () => 1);

test("the maximum delay doubles with each try up to the cap, and a job that is out of tries is not retried", () => {
  expect([1, 2, 3, 4].map(latest)).toEqual([100, 200, 350, null]);
});

test("the delay is random, from zero to the maximum delay", () => {
  expect(nextDelayMs({ tries: 2, ...policy }, () => 0)).toBe(0);
  expect(nextDelayMs({ tries: 2, ...policy }, () => 0.5)).toBe(100);
});

test("a job limited to one attempt is not retried", () => {
  expect(nextDelayMs({ tries: 1, maxAttempts: 1, baseMs: 100, capMs: 100 })).toBeNull();
});
