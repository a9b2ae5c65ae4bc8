import { describe, expect, test } from "bun:test";
import type { JobEvent } from "../../../contracts/events.ts";
import type { FeedEntry, Observations } from "../../../shared/observations/port.ts";
import { sampleEvents, sampleStory } from "../../support/sample-events.ts";
import { eventually } from "../../support/wait.ts";
import { all, firstOf } from "./read.ts";
import type { OpenWorld } from "./world.ts";

/** Tests the feed that live streams follow. */
export function describeLiveFeed({ connect, connectElsewhere, world }: OpenWorld): void {
  describe("the live feed", () => {
    test("delivers each newly recorded event once to every follower", async () => {
      const observations = await connect();
      const writer = await connectElsewhere();
      await writer.record(sampleEvents(1, "job.created"));
      await using one = await follower(observations, writer);
      await using two = await follower(observations, writer);
      const story = sampleStory();
      await writer.record(story.slice(0, 3));
      await writer.record(story);
      for (const follow of [one, two]) {
        await follow.has(story[4]!);
        expect(follow.of(story[0]!.payload.jobId)).toEqual(story.map(({ eventType }) => eventType));
      }
    });

    test("when following after an id, delivers first the missed entries and then live entries, and repeats none", async () => {
      const observations = await connect();
      const writer = await connectElsewhere();
      await using live = await follower(observations, writer);
      const events = sampleEvents(30, "job.validated");
      for (const event of events) await writer.record([event]);
      await live.has(events[29]!);
      const from = live.entries.find(({ deltas }) => deltas[0]?.jobId === events[9]!.payload.jobId)!.id;
      await using resumed = await follower(observations, writer, from);
      const later = sampleEvents(5, "job.completed");
      for (const event of later) await writer.record([event]);
      await resumed.has(later[4]!);
      expect(resumed.jobs()).toEqual([...events.slice(10), ...later].map(({ payload }) => payload.jobId));
      expect(resumed.dropped()).toBe(0);
      const entryIds = resumed.entries.map(({ id }) => id);
      expect(new Set(entryIds).size).toBe(entryIds.length);
    });

    test("counts the events that do not fit into an entry", async () => {
      const observations = await connect();
      const writer = await connectElsewhere();
      await using follow = await follower(observations, writer);
      // Earlier events may still be in transit; once this one arrives, all of them have.
      const [last] = sampleEvents(1, "job.created");
      await writer.record([last!]);
      await follow.has(last!);
      const before = follow.dropped() + follow.jobs().length;
      const events = sampleEvents(900, "job.validated");
      await writer.record(events);
      await follow.has(events[899]!);
      expect(follow.dropped() + follow.jobs().length - before).toBe(900);
    });

    test("reports a gap when the requested id is no longer kept", async () => {
      const observations = await connect({ maxFeedEntries: 1 });
      await using live = await follower(observations, observations);
      const old = live.entries[0]!.id;
      for (let n = 0; n < 300; n++) await observations.record(sampleEvents(1, "job.validated"));
      const first = await firstOf(observations.follow(old, AbortSignal.timeout(10_000)));
      expect(first?.dropped).toBeGreaterThan(0);
    });

    test("refuses ids that it cannot have issued", async () => {
      const observations = await connect();
      for (const id of ["", "nonsense", "-", "1-", "0x1-1", "$", "1-1 ", `${"9".repeat(30)}-0`])
        await expect(firstOf(observations.follow(id, AbortSignal.timeout(5_000)))).rejects.toMatchObject({
          code: "INVALID_CURSOR",
        });
    });

    test("ends when its signal aborts, whether before or during the wait for an entry", async () => {
      const observations = await connect();
      expect(await all(observations.follow(null, AbortSignal.abort()))).toEqual([]);
      const abort = new AbortController();
      const ended = all(observations.follow(null, abort.signal));
      abort.abort();
      expect(await ended).toEqual([]);
      const follow = await follower(observations, observations);
      const startedAt = performance.now();
      await follow[Symbol.asyncDispose]();
      expect(performance.now() - startedAt).toBeLessThan(1_000);
    });

    test("resumes after losing its connection and delivers the events recorded during the outage", async () => {
      const observations = await connect();
      const writer = await connectElsewhere();
      await using follow = await follower(observations, writer);
      world().cut();
      const meanwhile = sampleEvents(3, "job.completed");
      for (const event of meanwhile) await writer.record([event]);
      world().restore();
      await follow.has(meanwhile[2]!);
      expect(follow.jobs().slice(-3)).toEqual(meanwhile.map(({ payload }) => payload.jobId));
    });
  });
}

/** Follows the feed from now, or after an id. Without an id, resolves once the feed is live. */
async function follower(observations: Observations, writer: Observations, lastId: string | null = null) {
  const abort = new AbortController();
  const entries: FeedEntry[] = [];
  const running = (async () => {
    for await (const entry of observations.follow(lastId, abort.signal)) entries.push(entry);
  })();
  const jobs = () => entries.flatMap(({ deltas }) => deltas.map(({ jobId }) => jobId));
  if (lastId === null)
    await eventually(
      async () => {
        await writer.record(sampleEvents(1, "job.created"));
        return entries.length > 0;
      },
      { what: "the feed to be followed" },
    );
  return {
    entries: entries as readonly FeedEntry[],
    jobs,
    dropped: () => entries.reduce((sum, { dropped }) => sum + dropped, 0),
    of: (jobId: string) =>
      entries.flatMap(({ deltas }) =>
        deltas.filter((delta) => delta.jobId === jobId).map(({ event }) => event),
      ),
    has: (event: JobEvent) =>
      eventually(
        () =>
          entries.some(({ deltas }) =>
            deltas.some((delta) => delta.jobId === event.payload.jobId && delta.event === event.eventType),
          ),
        { what: "an event on the feed", timeoutMs: 15_000 },
      ),
    async [Symbol.asyncDispose]() {
      abort.abort();
      await running;
    },
  };
}
