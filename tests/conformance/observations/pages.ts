import { describe, expect, test } from "bun:test";
import type { EventEnvelope } from "../../../contracts/envelope.ts";
import { newJobId } from "../../../contracts/ids.ts";
import { sampleEvent, sampleEvents, sampleStory } from "../../support/sample-events.ts";
import { ids, pages, sequences } from "./read.ts";
import { T0 } from "./spans.ts";
import type { OpenWorld } from "./world.ts";

/** Tests pages of one job's events, of one type's events and of all events. */
export function describePages({ connect }: OpenWorld): void {
  describe("pages of events", () => {
    test("about one job are ordered by sequence and miss no event, even if events arrive between two pages", async () => {
      const observations = await connect();
      const jobId = newJobId();
      const event = (sequence: number) =>
        sampleEvent("job.validated", { at: T0 - sequence, payload: { jobId, sequence } });
      const events = [5, 2, 9, 0, 7, 4].map(event);
      await observations.record([...events, ...sampleEvents(10, "job.validated", { at: T0 })]);
      const first = await observations.events({ jobId, limit: 3 });
      expect(sequences(first.items)).toEqual([0, 2, 4]);
      await observations.record([event(1), event(6)]);
      const rest = await pages(observations, { jobId, limit: 2, cursor: first.nextCursor! });
      expect(sequences(rest)).toEqual([5, 6, 7, 9]);
      expect(sequences(await pages(observations, { jobId, limit: 3 }))).toEqual([0, 1, 2, 4, 5, 6, 7, 9]);
    });

    test("about all jobs are ordered newest first and contain each event once, even if many have the same time", async () => {
      const observations = await connect();
      const events = Array.from({ length: 60 }, (_, n) =>
        sampleEvent("job.completed", { at: T0 + Math.floor(n / 20) }),
      );
      await observations.record(events);
      const first = await observations.events({ limit: 15 });
      await observations.record(sampleEvents(10, "job.created", { at: T0 + 1_000 }));
      const seen = [...first.items, ...(await pages(observations, { limit: 7, cursor: first.nextCursor! }))];
      expect(seen.map(({ eventId }) => eventId).sort()).toEqual(ids(events).sort());
      const times = seen.map(({ occurredAt }) => occurredAt);
      expect(times).toEqual(times.toSorted().reverse());
    });

    test("of one type contain only events of that type, with or without a job filter", async () => {
      const observations = await connect();
      const jobId = newJobId();
      const mine = sampleStory({ jobId, at: T0 });
      const others = sampleStory({ at: T0 + 50 });
      await observations.record([...mine, ...others]);
      const query = { eventType: "job.completed", limit: 1 } as const;
      expect(await pages(observations, query)).toEqual([others[4], mine[4]] as EventEnvelope[]);
      expect(await pages(observations, { ...query, jobId })).toEqual([mine[4]] as EventEnvelope[]);
      expect(await observations.events({ jobId: newJobId(), limit: 5 })).toEqual({
        items: [],
        nextCursor: null,
      });
    });

    test("that end exactly at the limit have no next cursor", async () => {
      const observations = await connect();
      await observations.record(sampleEvents(4, "job.created"));
      expect((await observations.events({ limit: 4 })).nextCursor).toBeNull();
    });

    test("refuse cursors that were never issued or that belong to another kind of query", async () => {
      const observations = await connect();
      const story = sampleStory();
      const { jobId } = story[0]!.payload;
      await observations.record(story);
      const { nextCursor } = await observations.events({ jobId, limit: 2 });
      for (const cursor of ["", "nonsense", "%", "e30", nextCursor!, "x".repeat(5_000)])
        await expect(observations.events({ limit: 2, cursor })).rejects.toMatchObject({
          code: "INVALID_CURSOR",
        });
    });
  });
}
