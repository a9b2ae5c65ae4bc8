import { expect, test } from "bun:test";
import { EVENT_TYPES } from "../../contracts/events.ts";
import { sampleEvent, sampleEvents } from "../../tests/support/sample-events.ts";
import { deltaOf } from "./counting.ts";
import { deltasOf, feedFields, MAX_DELTAS } from "./feed-entry.ts";

test("an entry decodes to its events' deltas, in order", () => {
  const events = EVENT_TYPES.map((type) => sampleEvent(type));
  const { deltas, dropped } = feedFields(events);
  expect(deltasOf(deltas)).toEqual(events.map(deltaOf));
  expect(dropped).toBe(0);
});

test("an entry for a large batch holds the last deltas and counts the dropped ones", () => {
  const events = sampleEvents(MAX_DELTAS + 50, "job.completed");
  const { deltas, dropped } = feedFields(events);
  expect(deltasOf(deltas)).toEqual(events.slice(50).map(deltaOf));
  expect(dropped).toBe(50);
});

test("an entry with the maximum number of deltas stays below 25,000 bytes", () => {
  const { deltas } = feedFields(
    sampleEvents(1_000, "job.retrying", { payload: { jobType: "a-type-of-usual-length" } }),
  );
  expect(deltas.length).toBeLessThan(25_000);
});

test("an entry without events is empty", () => {
  expect(feedFields([])).toEqual({ deltas: "[]", dropped: 0 });
});
