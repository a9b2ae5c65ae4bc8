import { describe, expect, test } from "bun:test";
import { sampleEvent, sampleEvents, sampleStory } from "../../tests/support/sample-events.ts";
import { bucketOf } from "./latency-digest.ts";
import { LATE_MS, tallyOf } from "./tally.ts";

const now = Date.parse("2026-03-01T12:00:30Z");
const MINUTE = 60_000;
const thisMinute = Math.floor(now / MINUTE);
const typeLabel = (type: string) => type;
const tally = (events: Parameters<typeof tallyOf>[0]) => tallyOf(events, { now, typeLabel });

describe("the tally of events", () => {
  test("counts every event in total and by counter", () => {
    const { totals } = tally([
      ...sampleStory({ at: now }),
      ...sampleEvents(3, "job.failed", { at: now }),
      sampleEvent("job.retrying", { at: now }),
    ]);
    expect(Object.fromEntries(totals)).toEqual({
      events: 9,
      submitted: 1,
      completed: 1,
      failed: 3,
      retried: 1,
    });
  });

  test("counts each event in the minute in which it occurred, by type", () => {
    const { minutes } = tally([
      sampleEvent("job.completed", { at: now }),
      sampleEvent("job.completed", { at: now, payload: { jobType: "sleep" } }),
      sampleEvent("job.completed", { at: now - MINUTE }),
    ]);
    const counts = [...minutes].map(([minute, kinds]) => [minute, Object.fromEntries(kinds.counts)]);
    expect(Object.fromEntries(counts)).toEqual({
      [thisMinute]: { "completed|hash": 1, "completed|sleep": 1 },
      [thisMinute - 1]: { "completed|hash": 1 },
    });
  });

  test("adds durations to the overall digest and to the minute's digest", () => {
    const { execution, queueWait, minutes } = tally(
      sampleStory({ at: now, durationMs: 250, queueWaitMs: 4 }),
    );
    expect([...execution]).toEqual([[String(bucketOf(250)), 1]]);
    expect([...queueWait]).toEqual([[String(bucketOf(4)), 1]]);
    expect([...(minutes.get(thisMinute)?.execution ?? [])]).toEqual([[`${bucketOf(250)}|hash`, 1]]);
    expect([...(minutes.get(thisMinute)?.queueWait ?? [])]).toEqual([[`${bucketOf(4)}|hash`, 1]]);
  });

  test("counts events that are over a day old or too far in the future, but not in the series", () => {
    const { totals, minutes } = tally([
      sampleEvent("job.completed", { at: now - 25 * 60 * MINUTE }),
      sampleEvent("job.completed", { at: now + 11 * MINUTE }),
      sampleEvent("job.completed", { at: now + MINUTE }),
    ]);
    expect(totals.get("completed")).toBe(3);
    expect([...minutes.keys()]).toEqual([thisMinute + 1]);
  });

  test("finds the latest event's time, whatever the order of the events", () => {
    const events = [3, 9, 4].map((n) => sampleEvent("job.validated", { at: now + n }));
    expect(tally(events).lastEventAt).toBe(now + 9);
    expect(tally([]).lastEventAt).toBe(0);
  });

  test("ignores events from the far future when finding the latest event", () => {
    const events = [0, 9 * MINUTE, 365 * 24 * 60 * MINUTE].map((ahead) =>
      sampleEvent("job.validated", { at: now + ahead }),
    );
    expect(tally(events).lastEventAt).toBe(now + 9 * MINUTE);
    expect(tally(events.slice(2)).lastEventAt).toBe(0);
  });

  test("uses the label given to each type", () => {
    const { minutes } = tallyOf(sampleEvents(2, "job.created", { at: now }), {
      now,
      typeLabel: () => "other",
    });
    expect([...(minutes.get(thisMinute)?.counts ?? [])]).toEqual([["submitted|other", 2]]);
  });
});

test("events of the kinds that the ledger compares, if recorded late, are counted by the minute in which they occurred", () => {
  const { late } = tally([
    sampleEvent("job.created", { at: now - 3 * MINUTE }),
    sampleEvent("job.completed", { at: now - 3 * MINUTE }),
    sampleEvent("job.started", { at: now - 3 * MINUTE }),
    sampleEvent("job.completed", { at: now - LATE_MS + 1 }),
  ]);
  expect(Object.fromEntries(late)).toEqual({ [thisMinute - 3]: 2 });
});
