import { describe, expect, test } from "bun:test";
import type { EventEnvelope } from "../../../contracts/envelope.ts";
import { EVENT_TYPES } from "../../../contracts/events.ts";
import { createRandom } from "../../support/random.ts";
import { sampleEvent, sampleEvents } from "../../support/sample-events.ts";
import { countedEvents, ids, pages, sumOf } from "./read.ts";
import { MINUTE, T0 } from "./spans.ts";
import type { OpenWorld } from "./world.ts";

/** Tests how a recorded batch is stored and counted. */
export function describeRecording({ connect }: OpenWorld): void {
  describe("recording", () => {
    test("stores every event unchanged and counts it", async () => {
      const observations = await connect();
      expect(await observations.totals()).toEqual({
        counters: {
          submitted: 0,
          completed: 0,
          failed: 0,
          retried: 0,
          cancelled: 0,
          rejected: 0,
          events: 0,
        },
        lastEventAt: null,
        execution: { count: 0, p50: null, p95: null, p99: null },
        queueWait: { count: 0, p50: null, p95: null, p99: null },
      });
      const events = EVENT_TYPES.map((type, n) => sampleEvent(type, { at: T0 + n }));
      expect((await observations.record(events)).fresh).toEqual(events);
      const { items } = await observations.events({ limit: 100 });
      expect(items).toEqual(events.toReversed() as EventEnvelope[]);
      const totals = await observations.totals();
      expect(totals.counters).toEqual({
        submitted: 1,
        completed: 1,
        failed: 1,
        retried: 1,
        cancelled: 1,
        rejected: 1,
        events: 10,
      });
      expect(totals.lastEventAt).toBe(new Date(T0 + 9).toISOString());
      expect([totals.execution.count, totals.queueWait.count]).toEqual([1, 1]);
    });

    test("does nothing for an empty batch", async () => {
      const observations = await connect();
      expect(await observations.record([])).toEqual({ fresh: [] });
      expect(await countedEvents(observations)).toBe(0);
    });

    test("stores and counts each of 2,500 events in one call", async () => {
      const observations = await connect();
      const events = sampleEvents(2_500, "job.validated");
      expect((await observations.record(events)).fresh).toHaveLength(2_500);
      expect((await observations.record(events.slice(700, 1_900))).fresh).toHaveLength(0);
      expect(await countedEvents(observations)).toBe(2_500);
    });

    test("stores large events spanning many hours in one call, and pages list them by time and type", async () => {
      const observations = await connect();
      const random = createRandom(9);
      const heavy = Array.from({ length: 60 }, (_, n) =>
        sampleEvent("job.created", {
          at: T0 - n * 1_000,
          payload: { payload: { text: crypto.getRandomValues(Buffer.alloc(45_000)).toString("base64") } },
        }),
      );
      const spread = Array.from({ length: 200 }, (_, n) =>
        sampleEvent(n % 4 === 0 ? "job.failed" : "job.started", { at: T0 - (n % 97) * 7 * MINUTE - n }),
      );
      const events = random.shuffled([...heavy, ...spread]);
      expect((await observations.record(events)).fresh).toHaveLength(260);
      const newestFirst = events.toSorted(
        (a, b) => Date.parse(b.occurredAt) - Date.parse(a.occurredAt) || (a.eventId < b.eventId ? 1 : -1),
      );
      const listed = await pages(observations, { limit: 23 });
      expect(listed.map(({ eventId }) => eventId)).toEqual(ids(newestFirst));
      const failed = await pages(observations, { eventType: "job.failed", limit: 7 });
      expect(failed.map(({ eventId }) => eventId)).toEqual(
        ids(newestFirst.filter(({ eventType }) => eventType === "job.failed")),
      );
      const span = { from: new Date(T0 - 40 * 7 * MINUTE), before: new Date(T0 - 1_500) };
      const within = events.filter(
        ({ eventType, occurredAt }) =>
          (eventType === "job.created" || eventType === "job.failed") &&
          new Date(occurredAt) >= span.from &&
          new Date(occurredAt) < span.before,
      );
      const sums = await observations.ledgerSums(span);
      expect(sums.created).toEqual(sumOf(within.filter(({ eventType }) => eventType === "job.created")));
      expect(sums.ended).toEqual(sumOf(within.filter(({ eventType }) => eventType === "job.failed")));
    });

    test("accepts unusual but valid text", async () => {
      const observations = await connect();
      const odd = ["\ud800", "a|b", "a\u0000b", "{}", "%s\n", "é😀", "__proto__", "$where"];
      const events = odd.map((jobType) => sampleEvent("job.completed", { at: T0, payload: { jobType } }));
      expect((await observations.record(events)).fresh).toHaveLength(odd.length);
      expect(await countedEvents(observations)).toBe(odd.length);
      expect((await observations.events({ limit: 10 })).items).toHaveLength(odd.length);
    });
  });
}
