import { describe, expect, test } from "bun:test";
import type { EventEnvelope } from "../../../contracts/envelope.ts";
import type { JobEvent } from "../../../contracts/events.ts";
import { createdEventId, newJobId } from "../../../contracts/ids.ts";
import { createRandom } from "../../support/random.ts";
import { sampleEvent, sampleEvents } from "../../support/sample-events.ts";
import { all, countedEvents, ids, pages, sequences, storedIds, sumOf } from "./read.ts";
import { MINUTE, minuteAt, T0 } from "./spans.ts";
import type { OpenWorld } from "./world.ts";

/** Tests that an event counts once, however often or late it is recorded and by however many instances. */
export function describeDuplicates({ connect, connectElsewhere }: OpenWorld): void {
  describe("recording", () => {
    test("counts duplicates once within a batch, across batches and in different letter case", async () => {
      const observations = await connect();
      const [a, b, c] = sampleEvents(3, "job.completed") as [JobEvent, JobEvent, JobEvent];
      const { fresh } = await observations.record([a, b, a, b, a]);
      expect(ids(fresh)).toEqual(ids([a, b]));
      expect(ids((await observations.record([b, c, a])).fresh)).toEqual(ids([c]));
      const shouted = { ...c, eventId: c.eventId.toUpperCase() };
      expect((await observations.record([shouted])).fresh).toEqual([]);
      expect((await observations.totals()).counters).toMatchObject({ completed: 3, events: 3 });
      expect((await observations.events({ limit: 10 })).items).toHaveLength(3);
    });

    test("by two instances at once counts events that both record only once", async () => {
      const engines = [await connect(), await connectElsewhere()] as const;
      const events = sampleEvents(400, "job.completed");
      const random = createRandom(11);
      const told: JobEvent[] = [];
      await Promise.all(
        engines.map(async (engine) => {
          const mixed = random.shuffled(events);
          for (let at = 0; at < mixed.length; at += 50)
            told.push(...(await engine.record(mixed.slice(at, at + 50))).fresh);
        }),
      );
      expect(ids(told).sort()).toEqual(ids(events).sort());
      expect((await engines[0].totals()).counters).toMatchObject({ completed: 400, events: 400 });
      expect(await storedIds(engines[0], events)).toEqual(new Set(ids(events)));
    });

    test("of one batch by three instances at once counts each event once", async () => {
      const engines = [await connect(), await connectElsewhere(), await connectElsewhere()];
      const events = sampleEvents(100, "job.failed");
      const results = await Promise.all(engines.map((engine) => engine.record(events)));
      expect(results.reduce((sum, { fresh }) => sum + fresh.length, 0)).toBe(100);
      expect((await engines[0]!.totals()).counters).toMatchObject({ failed: 100, events: 100 });
    });

    test("recognizes a duplicate that arrives a month and many events later", async () => {
      let now = T0;
      const options = { now: () => now, maxSeen: 20 };
      const observations = await connect(options);
      const early = sampleEvents(5, "job.completed", { at: T0 });
      await observations.record(early);
      for (let round = 0; round < 5; round++)
        await observations.record(sampleEvents(25, "job.validated", { at: T0 }));
      now = T0 + 30 * 24 * 60 * MINUTE;
      const later = sampleEvents(2, "job.completed", { at: now });
      const { fresh } = await observations.record([...early, ...later]);
      expect(ids(fresh)).toEqual(ids(later));
      expect((await (await connectElsewhere(options)).record(early)).fresh).toEqual([]);
      expect((await observations.totals()).counters).toMatchObject({ completed: 7, events: 132 });
    });

    test("recognizes a request repeated with its idempotency key, even if the repetition has another time", async () => {
      const observations = await connect();
      const jobId = newJobId();
      const eventId = createdEventId(jobId, "f");
      const first = sampleEvent("job.created", { eventId, at: T0, payload: { jobId } });
      const again = sampleEvent("job.created", { eventId, at: T0 + 5 * MINUTE, payload: { jobId } });
      await observations.record([first]);
      expect((await observations.record([again])).fresh).toEqual([]);
      expect((await observations.totals()).counters).toMatchObject({ submitted: 1, events: 1 });
      expect((await observations.events({ jobId, limit: 5 })).items).toEqual([first as EventEnvelope]);
    });

    test("recognizes each of a job's hundred sequence numbers, however the events are batched", async () => {
      const observations = await connect();
      const jobId = newJobId();
      const events = Array.from({ length: 100 }, (_, sequence) =>
        sampleEvent("job.started", { at: T0 + sequence, payload: { jobId, sequence } }),
      );
      const random = createRandom(5);
      for (let at = 0; at < 100; at += 7) await observations.record(events.slice(at, at + 12));
      expect((await observations.record(random.shuffled(events))).fresh).toEqual([]);
      expect(await countedEvents(observations)).toBe(100);
      expect(sequences(await pages(observations, { jobId, limit: 9 }))).toEqual(events.map((_, n) => n));
      expect(await storedIds(observations, events)).toEqual(new Set(ids(events)));
    });

    test("counts requests under one idempotency key as separate events if their fingerprints differ", async () => {
      const observations = await connect();
      const jobId = newJobId();
      const asked = (fingerprint: string, at: number) =>
        sampleEvent("job.created", {
          eventId: createdEventId(jobId, fingerprint),
          at,
          payload: { jobId, fingerprint },
        });
      const a = asked("a", T0);
      const b = asked("b", T0 + 1);
      const c = asked("c", T0 + 2);
      await observations.record([a, b]);
      expect(ids((await observations.record([c, b])).fresh)).toEqual(ids([c]));
      expect((await observations.record([b, a, c])).fresh).toEqual([]);
      expect((await observations.totals()).counters).toMatchObject({ submitted: 3, events: 3 });
      expect((await pages(observations, { jobId, limit: 2 })).map(({ eventId }) => eventId).sort()).toEqual(
        ids([a, b, c]).sort(),
      );
      expect(await storedIds(observations, [a, b, c])).toEqual(new Set(ids([a, b, c])));
      expect((await observations.ledgerSums(minuteAt(T0))).created).toEqual(sumOf([a, b, c]));
    });

    test("recognizes an event whose id is not derived from its job and sequence number", async () => {
      const observations = await connect();
      const jobId = newJobId();
      const strange = ["job.completed", "job.failed"].map((type) =>
        sampleEvent(type as "job.failed", { eventId: crypto.randomUUID(), at: T0, payload: { jobId } }),
      );
      const usual = sampleEvent("job.cancelled", { at: T0, payload: { jobId, sequence: 4 } });
      await observations.record([...strange, usual]);
      expect((await observations.record([usual, ...strange])).fresh).toEqual([]);
      expect(await countedEvents(observations)).toBe(3);
      expect(await pages(observations, { jobId, limit: 2 })).toHaveLength(3);
      expect((await observations.ledgerSums(minuteAt(T0))).ended).toEqual(sumOf([...strange, usual]));
      expect((await all(observations.terminalEvents(minuteAt(T0), 2))).flat()).toHaveLength(3);
    });
  });
}
