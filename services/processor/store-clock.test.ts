import { expect, test } from "bun:test";
import { createStoreClock } from "./store-clock.ts";

test("the clock advances between two readings of the store's time, whatever this machine's clock shows", async () => {
  let monotonic = 1_000;
  const answers = [new Date("2026-01-01T00:00:00Z"), new Date("2026-01-01T00:00:09Z")];
  const clock = createStoreClock(
    async () => {
      monotonic += 20;
      return answers.shift() ?? new Date(Number.NaN);
    },
    () => monotonic,
  );
  await clock.measure();
  expect(clock.now().toISOString()).toBe("2026-01-01T00:00:00.010Z");
  monotonic += 5_000;
  expect(clock.now().toISOString()).toBe("2026-01-01T00:00:05.010Z");
  await clock.measure();
  expect(clock.now().toISOString()).toBe("2026-01-01T00:00:09.010Z");
});

test("a reading that waited behind other statements does not set the clock ahead", async () => {
  let monotonic = 0;
  let roundTripMs = 20;
  const startedAt = Date.parse("2026-01-01T00:00:00Z");
  const clock = createStoreClock(
    async () => {
      monotonic += roundTripMs;
      return new Date(startedAt + monotonic);
    },
    () => monotonic,
  );
  await clock.measure();
  roundTripMs = 20_000;
  await clock.measure();
  expect(clock.now().getTime() - startedAt - monotonic).toBe(10);
});
