import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Snapshot } from "../../contracts/api-queries.ts";
import type { EventEnvelope } from "../../contracts/envelope.ts";
import { EVENT_TYPES, type JobEvent } from "../../contracts/events.ts";
import { createdEventId, newJobId } from "../../contracts/ids.ts";
import { READ_MODEL_ROUTES } from "../../contracts/read-model-routes.ts";
import { AppError } from "../../shared/errors.ts";
import { createIdSum } from "../../shared/observations/id-sum.ts";
import type { EventQuery, FeedEntry, Observations } from "../../shared/observations/port.ts";
import { createRandom } from "../support/random.ts";
import { namesOf, sampleEvent, sampleEvents, sampleStory } from "../support/sample-events.ts";
import { eventually } from "../support/wait.ts";

/** The options that every adapter accepts. */
export interface WorldObservationsOptions {
  readonly now?: () => number;
  readonly maxSeen?: number;
  readonly maxFeedEntries?: number;
}

/** Empty observations for one test, with a network that can fail. */
export interface ObservationsWorld {
  /** The engines by their names in health and `STORE_UNAVAILABLE`. */
  readonly engines: readonly string[];
  /** Opens observations whose connections use the network that fails. */
  open(options?: WorldObservationsOptions): Observations;
  /** Opens observations on a separate network that never fails. */
  openElsewhere(options?: WorldObservationsOptions): Observations;
  /** Closes every connection to an engine, or to all of them, and refuses new ones. */
  cut(engine?: string): void;
  /** Keeps the connections to an engine, but lets nothing through. */
  freeze(engine: string): void;
  /** Delays everything by so many milliseconds, in each direction. */
  slow(ms: number): void;
  restore(): void;
  /** Connections open on the failing network. */
  connections(): number;
  /** Stores events as versions without batches did, counted long ago. */
  storeOld(events: readonly JobEvent[]): Promise<void>;
  /** The source of a program that opens observations, records, follows, closes, and must then exit by itself. */
  shortProgram(): string;
  /** Closes everything that was opened, and removes everything. */
  dispose(): Promise<void>;
}

/** The same time in every run, in the first half of a minute, so that a test's minutes do not overlap. */
const T0 = Date.parse("2026-03-01T12:00:10.000Z");
const MINUTE = 60_000;
/** How long a call may take to report that an engine is unavailable. */
const QUICK_MS = 3_000;

/** What observations must do, wherever they are stored. */
export function describeObservations(name: string, makeWorld: () => Promise<ObservationsWorld>): void {
  describe(`observations on ${name}`, () => {
    let world: ObservationsWorld;
    beforeEach(async () => {
      world = await makeWorld();
    });
    afterEach(() => world.dispose());

    const connect = async (options?: WorldObservationsOptions) => connected(world.open(options));
    const connectElsewhere = async (options?: WorldObservationsOptions) =>
      connected(world.openElsewhere(options));

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

      test("of nothing does nothing", async () => {
        const observations = await connect();
        expect(await observations.record([])).toEqual({ fresh: [] });
        expect(await countedEvents(observations)).toBe(0);
      });

      test("counts duplicates once within a batch, across batches and in different letter case", async () => {
        const observations = await connect();
        const [a, b, c] = sampleEvents(3, "job.completed") as [JobEvent, JobEvent, JobEvent];
        const { fresh } = await observations.record([a, b, a, b, a]);
        expect(ids(fresh)).toEqual(
          ids([a, b]).sort((x, y) => ids([a, b]).indexOf(x) - ids([a, b]).indexOf(y)),
        );
        expect(ids((await observations.record([b, c, a])).fresh)).toEqual(ids([c]));
        const shouted = { ...c, eventId: c.eventId.toUpperCase() };
        expect((await observations.record([shouted])).fresh).toEqual([]);
        expect((await observations.totals()).counters).toMatchObject({ completed: 3, events: 3 });
        expect((await observations.events({ limit: 10 })).items).toHaveLength(3);
      });

      test("of 2,500 events in one call stores and counts each", async () => {
        const observations = await connect();
        const events = sampleEvents(2_500, "job.validated");
        expect((await observations.record(events)).fresh).toHaveLength(2_500);
        expect((await observations.record(events.slice(700, 1_900))).fresh).toHaveLength(0);
        expect(await countedEvents(observations)).toBe(2_500);
      });

      test("by two engines at once counts common events once", async () => {
        const engines = [await connect(), await connectElsewhere()] as const;
        const events = sampleEvents(400, "job.completed");
        const random = createRandom(11);
        const told: JobEvent[] = [];
        await Promise.all(
          engines.map(async (engine) => {
            const mixed = shuffled(events, random);
            for (let at = 0; at < mixed.length; at += 50)
              told.push(...(await engine.record(mixed.slice(at, at + 50))).fresh);
          }),
        );
        expect(ids(told).sort()).toEqual(ids(events).sort());
        expect((await engines[0].totals()).counters).toMatchObject({ completed: 400, events: 400 });
        expect(await storedIds(engines[0], events)).toEqual(new Set(ids(events)));
      });

      test("of the same batch by three engines at once counts it once", async () => {
        const engines = [await connect(), await connectElsewhere(), await connectElsewhere()];
        const events = sampleEvents(100, "job.failed");
        const results = await Promise.all(engines.map((engine) => engine.record(events)));
        expect(results.reduce((sum, { fresh }) => sum + fresh.length, 0)).toBe(100);
        expect((await engines[0]!.totals()).counters).toMatchObject({ failed: 100, events: 100 });
      });

      test("recognizes a duplicate that comes a month and many events later", async () => {
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

      test("recognizes a request repeated under its key, whatever its time", async () => {
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

      test("recognizes each of a job's hundred sequences, however they are split", async () => {
        const observations = await connect();
        const jobId = newJobId();
        const events = Array.from({ length: 100 }, (_, sequence) =>
          sampleEvent("job.started", { at: T0 + sequence, payload: { jobId, sequence } }),
        );
        const random = createRandom(5);
        for (let at = 0; at < 100; at += 7) await observations.record(events.slice(at, at + 12));
        expect((await observations.record(shuffled(events, random))).fresh).toEqual([]);
        expect(await countedEvents(observations)).toBe(100);
        expect(sequences(await pages(observations, { jobId, limit: 9 }))).toEqual(events.map((_, n) => n));
        expect(await storedIds(observations, events)).toEqual(new Set(ids(events)));
      });

      test("treats two requests under one key as two events about one job, each counted once", async () => {
        const observations = await connect();
        const jobId = newJobId();
        const asked = (fingerprint: string, at: number) =>
          sampleEvent("job.created", {
            eventId: createdEventId(jobId, fingerprint),
            at,
            payload: { jobId, fingerprint },
          });
        const [a, b, c] = [asked("a", T0), asked("b", T0 + 1), asked("c", T0 + 2)];
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

      test("recognizes an event by its id where that does not follow from its place", async () => {
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

      test("stores events of any size and of many hours in one call, and pages them by time and type", async () => {
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
        const events = shuffled([...heavy, ...spread], random);
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

      test("accepts valid but unusual texts", async () => {
        const observations = await connect();
        const odd = ["\ud800", "a|b", "a\u0000b", "{}", "%s\n", "é😀", "__proto__", "$where"];
        const events = odd.map((jobType) => sampleEvent("job.completed", { at: T0, payload: { jobType } }));
        expect((await observations.record(events)).fresh).toHaveLength(odd.length);
        expect(await countedEvents(observations)).toBe(odd.length);
        expect((await observations.events({ limit: 10 })).items).toHaveLength(odd.length);
      });
    });

    test("events of versions without batches are listed, found, counted once, and pruned", async () => {
      const [story, other] = [sampleStory({ at: T0 }), sampleStory({ at: T0 + 20 })];
      await world.storeOld([...story, ...other.slice(0, 3)]);
      const observations = await connect();
      expect(ids((await observations.record([...other, ...story])).fresh)).toEqual(ids(other.slice(3)));
      expect((await observations.record([...story, ...other])).fresh).toEqual([]);
      expect(await countedEvents(observations)).toBe(10);
      const everything = [...story, ...other];
      expect(await pages(observations, { limit: 3 })).toEqual(everything.toReversed() as EventEnvelope[]);
      for (const one of [story, other])
        expect(await pages(observations, { jobId: one[0]!.payload.jobId, limit: 2 })).toEqual(
          one as EventEnvelope[],
        );
      expect(await pages(observations, { eventType: "job.completed", limit: 1 })).toEqual([
        other[4],
        story[4],
      ] as EventEnvelope[]);
      expect(await storedIds(observations, everything)).toEqual(new Set(ids(everything)));
      expect(await observations.ledgerSums(minuteAt(T0))).toEqual({
        created: sumOf([story[0]!, other[0]!]),
        ended: sumOf([story[4]!, other[4]!]),
      });
      expect((await all(observations.createdEvents(always(), 10))).flat()).toHaveLength(2);
      expect((await all(observations.terminalEvents(always(), 10))).flat()).toHaveLength(2);
      expect(await observations.prune(new Date(T0 + MINUTE))).toBe(10);
      expect((await observations.events({ limit: 5 })).items).toEqual([]);
    });

    describe("a call that dies", () => {
      test("at any moment, and is repeated, leaves exact counts", async () => {
        const elsewhere = await connectElsewhere();
        const all: JobEvent[] = [];
        let died = 0;
        for (let cutAfterMs = 0; cutAfterMs <= 260; cutAfterMs += 20) {
          const events = sampleEvents(20, "job.completed");
          all.push(...events);
          const observations = await connect();
          world.slow(15);
          const call = observations.record(events).then(
            () => true,
            () => false,
          );
          await Bun.sleep(cutAfterMs);
          world.cut();
          if (!(await call)) died++;
          // Another engine gets the batch while the first one's writes may still be on their way.
          await elsewhere.record(events);
          world.restore();
          await observations.close();
        }
        expect(died).toBeGreaterThan(3);
        expect((await elsewhere.totals()).counters).toMatchObject({
          completed: all.length,
          events: all.length,
        });
        expect(await storedIds(elsewhere, all)).toEqual(new Set(ids(all)));
        expect((await elsewhere.record(all)).fresh).toEqual([]);
        expect(await countedEvents(elsewhere)).toBe(all.length);
      });

      test("because its last reply is lost has counted, and does not count again", async () => {
        const [observations, elsewhere] = [await connect(), await connectElsewhere()];
        const events = sampleEvents(30, "job.retrying");
        world.slow(400);
        const call = observations.record(events).catch((error: unknown) => error);
        await eventually(async () => (await countedEvents(elsewhere)) === 30, {
          what: "the events to be counted",
          everyMs: 2,
        });
        world.cut();
        expect(await call).toMatchObject({ code: "STORE_UNAVAILABLE" });
        world.restore();
        await again(() => observations.record(events));
        expect((await observations.totals()).counters).toMatchObject({ retried: 30, events: 30 });
      });
    });

    describe("while an engine is unavailable", () => {
      const calls = (observations: Observations, events: readonly JobEvent[]) => ({
        record: () => observations.record(events),
        recordSnapshot: () => observations.recordSnapshot(snapshotAt(T0)),
        prune: () => observations.prune(new Date(0)),
        totals: () => observations.totals(),
        series: () => observations.series({ metric: "completed", minutes: 5, now: new Date(T0) }),
        latestSnapshot: () => observations.latestSnapshot(),
        events: () => observations.events({ limit: 5 }),
        storedIds: () => observations.storedIds(events.map(namesOf)),
        createdEvents: () => all(observations.createdEvents(always(), 10)),
        terminalEvents: () => all(observations.terminalEvents(always(), 10)),
        ledgerSums: () => observations.ledgerSums(always()),
        lateEvents: () => observations.lateEvents(),
        follow: () => firstOf(observations.follow("1-1", AbortSignal.timeout(60_000))),
      });

      test("every call answers, or refuses quickly and names it; afterwards all answer again", async () => {
        const observations = await connect();
        const before = sampleEvents(3, "job.completed");
        await observations.record(before);
        const made: JobEvent[] = [];
        for (const engine of world.engines) {
          world.cut(engine);
          const events = sampleEvents(3, "job.completed");
          made.push(...events);
          const refused: string[] = [];
          await Promise.all(
            Object.entries(calls(observations, events)).map(async ([method, call]) => {
              const startedAt = performance.now();
              const error = await call().then(
                () => undefined,
                (thrown: unknown) => thrown,
              );
              expect({ method, quick: performance.now() - startedAt < QUICK_MS }).toEqual({
                method,
                quick: true,
              });
              if (error === undefined) return;
              refused.push(method);
              expect(error).toBeInstanceOf(AppError);
              expect(error).toMatchObject({ code: "STORE_UNAVAILABLE", facts: { engine } });
              expect((error as AppError).retryable).toBe(true);
            }),
          );
          expect(refused).toContain("record");
          expect(await observations.health()).toEqual(
            Object.fromEntries(world.engines.map((one) => [one, one !== engine])),
          );

          world.restore();
          await again(() => observations.record(events));
          for (const call of Object.values<() => Promise<unknown>>(calls(observations, events)))
            await again(call);
          expect(Object.values(await observations.health())).not.toContain(false);
        }
        expect(await countedEvents(observations)).toBe(before.length + made.length);
      });

      test.each([0, 1])(
        "while engine %p is silent, recording fails within its bound, and recovers later",
        async (index) => {
          const engine = world.engines[index];
          if (!engine) return expect(world.engines.length).toBeLessThanOrEqual(index);
          const observations = await connect();
          await observations.record(sampleEvents(1, "job.created"));
          const events = sampleEvents(5, "job.completed");
          world.freeze(engine);
          const startedAt = performance.now();
          const error = await observations.record(events).catch((thrown: unknown) => thrown);
          expect(error).toMatchObject({ code: "STORE_UNAVAILABLE", facts: { engine } });
          expect(performance.now() - startedAt).toBeLessThan(12_000);
          expect((await observations.health())[engine]).toBe(false);
          world.restore();
          await again(() => observations.record(events));
          expect(await countedEvents(observations)).toBe(6);
        },
      );

      test("at the start, connecting waits for it, and gives up when it is told to", async () => {
        world.cut();
        const observations = world.open();
        const abort = new AbortController();
        const given = observations.connected(abort.signal).then(
          () => "connected",
          () => "gave up",
        );
        abort.abort();
        expect(await given).toBe("gave up");
        const connecting = observations.connected(AbortSignal.timeout(30_000));
        expect(Object.values(await observations.health())).toEqual(world.engines.map(() => false));
        world.restore();
        await connecting;
        expect((await observations.record(sampleEvents(1, "job.created"))).fresh).toHaveLength(1);
      });
    });

    test("four engines that start at once on an empty store all start", async () => {
      const engines = [world.open(), world.openElsewhere(), world.open(), world.openElsewhere()];
      await Promise.all(engines.map((engine) => engine.connected(AbortSignal.timeout(30_000))));
      await Promise.all(engines.map((engine) => engine.record(sampleEvents(5, "job.created"))));
      expect(await countedEvents(engines[0]!)).toBe(20);
    });

    describe("percentiles", () => {
      test("are within 2 % of the true ones, over batches and engines", async () => {
        const engines = [await connect(), await connectElsewhere()] as const;
        const random = createRandom(3);
        const durations = Array.from(
          { length: 1_200 },
          () => 0.05 * 200_000 ** (random.between(0, 1e6) / 1e6),
        );
        const waits = durations.map((_, n) => (n % 10 === 0 ? 900 + n : 1 + n / 1_000));
        for (let at = 0; at < durations.length; at += 200)
          await engines[(at / 200) % 2 === 0 ? 0 : 1].record(
            Array.from({ length: 200 }, (_, n) => [
              sampleEvent("job.executed", { payload: { durationMs: durations[at + n]! } }),
              sampleEvent("job.started", { payload: { queueWaitMs: waits[at + n]! } }),
            ]).flat(),
          );
        const { execution, queueWait } = await engines[0].totals();
        expect([execution.count, queueWait.count]).toEqual([1_200, 1_200]);
        for (const [name, q] of [
          ["p50", 0.5],
          ["p95", 0.95],
          ["p99", 0.99],
        ] as const) {
          expect(errorOf(execution[name], durations, q)).toBeLessThanOrEqual(0.02);
          expect(errorOf(queueWait[name], waits, q)).toBeLessThanOrEqual(0.02);
        }
      });

      test("leave out the attempts of lost workers", async () => {
        const observations = await connect();
        await observations.record([
          sampleEvent("job.executed", { payload: { outcome: "lost", durationMs: 30_000 } }),
        ]);
        expect((await observations.totals()).execution.count).toBe(0);
      });
    });

    describe("series", () => {
      const now = () => T0 + 3 * MINUTE;

      test("hold a number per minute and type, null where there is none", async () => {
        const observations = await connect({ now });
        const completed = (minute: number, jobType: string, count: number) =>
          sampleEvents(count, "job.completed", { at: T0 + minute * MINUTE, payload: { jobType } });
        await observations.record([
          ...completed(0, "hash", 2),
          ...completed(0, "sleep", 1),
          ...completed(2, "hash", 4),
        ]);
        await observations.record(completed(0, "hash", 1));
        const query = { metric: "completed", minutes: 4, now: new Date(now()) };
        expect(await observations.series(query)).toEqual({
          stepMs: MINUTE,
          from: "2026-03-01T12:00:00.000Z",
          to: "2026-03-01T12:04:00.000Z",
          series: [
            { metric: "completed", labels: {}, points: [4, null, 4, null] },
            { metric: "completed", labels: { type: "hash" }, points: [3, null, 4, null] },
            { metric: "completed", labels: { type: "sleep" }, points: [1, null, null, null] },
          ],
        });
        expect((await observations.series({ ...query, type: "sleep", minutes: 3 })).series).toEqual([
          { metric: "completed", labels: { type: "sleep" }, points: [null, null, null] },
        ]);
      });

      test("of percentiles show each minute separately, within 2 %", async () => {
        const observations = await connect({ now });
        const ran = (minute: number, durationMs: number) =>
          sampleEvents(10, "job.executed", { at: T0 + minute * MINUTE, payload: { durationMs } });
        await observations.record([...ran(0, 100), ...ran(2, 5)]);
        const { series } = await observations.series({
          metric: "execution.p95",
          type: "hash",
          minutes: 4,
          now: new Date(now()),
        });
        const [first, second, third, fourth] = series[0]?.points ?? [];
        expect([second, fourth]).toEqual([null, null]);
        expect(Math.abs((first ?? 0) - 100)).toBeLessThanOrEqual(2);
        expect(Math.abs((third ?? 0) - 5)).toBeLessThanOrEqual(0.1);
      });

      test("of every metric that the API names return the recorded numbers", async () => {
        const observations = await connect({ now });
        await observations.record(EVENT_TYPES.map((type) => sampleEvent(type, { at: now() })));
        await observations.recordSnapshot(snapshotAt(now()));
        for (const metric of READ_MODEL_ROUTES.series.query.metric.enum as readonly string[]) {
          const { series } = await observations.series({ metric, minutes: 1, now: new Date(now()) });
          expect({ metric, point: series[0]?.points[0] }).toEqual({ metric, point: expect.any(Number) });
        }
      });

      test("reach a day back, and refuse a metric that does not exist", async () => {
        const observations = await connect({ now });
        const { series } = await observations.series({
          metric: "submitted",
          minutes: 1_440,
          now: new Date(now()),
        });
        expect(series[0]?.points).toHaveLength(1_440);
        await expect(
          observations.series({ metric: "depth", minutes: 1, now: new Date(now()) }),
        ).rejects.toMatchObject({ code: "INVALID_QUERY" });
      });

      test("of a hundred types stay bounded, and add up", async () => {
        const observations = await connect({ now });
        await observations.record(
          Array.from({ length: 100 }, (_, n) =>
            sampleEvent("job.created", { at: now(), payload: { jobType: `type-${n}` } }),
          ),
        );
        const { series } = await observations.series({
          metric: "submitted",
          minutes: 1,
          now: new Date(now()),
        });
        expect(series[0]?.points).toEqual([100]);
        expect(series.length).toBeLessThanOrEqual(52);
        expect(series.find(({ labels }) => labels.type === "other")?.points[0]).toBeGreaterThan(1);
      });
    });

    test("snapshots: the latest as it is, and the last of a minute in its series", async () => {
      const observations = await connect();
      expect(await observations.latestSnapshot()).toBeNull();
      await observations.recordSnapshot(snapshotAt(T0, 3));
      await observations.recordSnapshot(snapshotAt(T0 + 5_000, 8));
      const latest = snapshotAt(T0 + 2 * MINUTE, 1);
      await observations.recordSnapshot(latest);
      expect(await observations.latestSnapshot()).toEqual(latest);
      const query = { minutes: 3, now: new Date(T0 + 2 * MINUTE) };
      const pointsOf = async (metric: string) =>
        (await observations.series({ metric, ...query })).series.map(({ labels, points }) => [
          labels.type,
          points,
        ]);
      expect(await pointsOf("queue.waiting")).toEqual([
        [undefined, [8, null, 1]],
        ["hash", [8, null, 1]],
        ["sleep", [0, null, 0]],
      ]);
      expect(await pointsOf("workers.slots")).toEqual([[undefined, [8, null, 8]]]);
      expect(await pointsOf("workers.busy")).toEqual([[undefined, [2, null, 2]]]);
    });

    describe("pages of events", () => {
      test("of one job come by sequence, the next page after the last, while others arrive", async () => {
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

      test("of all jobs come newest first, each once, even where many share a time", async () => {
        const observations = await connect();
        const events = Array.from({ length: 60 }, (_, n) =>
          sampleEvent("job.completed", { at: T0 + Math.floor(n / 20) }),
        );
        await observations.record(events);
        const first = await observations.events({ limit: 15 });
        await observations.record(sampleEvents(10, "job.created", { at: T0 + 1_000 }));
        const seen = [
          ...first.items,
          ...(await pages(observations, { limit: 7, cursor: first.nextCursor! })),
        ];
        expect(seen.map(({ eventId }) => eventId).sort()).toEqual(ids(events).sort());
        const times = seen.map(({ occurredAt }) => occurredAt);
        expect(times).toEqual(times.toSorted().reverse());
      });

      test("of one type hold only that type, with and without a job", async () => {
        const observations = await connect();
        const jobId = newJobId();
        const [mine, others] = [sampleStory({ jobId, at: T0 }), sampleStory({ at: T0 + 50 })];
        await observations.record([...mine, ...others]);
        const query = { eventType: "job.completed", limit: 1 } as const;
        expect(await pages(observations, query)).toEqual([others[4], mine[4]] as EventEnvelope[]);
        expect(await pages(observations, { ...query, jobId })).toEqual([mine[4]] as EventEnvelope[]);
        expect(await observations.events({ jobId: newJobId(), limit: 5 })).toEqual({
          items: [],
          nextCursor: null,
        });
      });

      test("that end exactly at the limit have no cursor", async () => {
        const observations = await connect();
        await observations.record(sampleEvents(4, "job.created"));
        expect((await observations.events({ limit: 4 })).nextCursor).toBeNull();
      });

      test("refuse cursors that they did not issue, and those of another kind", async () => {
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

    describe("for the ledger", () => {
      test("created events of a span are returned in chunks", async () => {
        const observations = await connect();
        const early = sampleEvents(25, "job.created", { at: T0 });
        await observations.record([
          ...early,
          ...sampleEvents(5, "job.created", { at: T0 - 1 }),
          ...sampleEvents(5, "job.created", { at: T0 + MINUTE }),
          ...sampleEvents(5, "job.completed", { at: T0 }),
        ]);
        const chunks = await all(observations.createdEvents(minuteAt(T0), 10));
        expect(chunks.every((chunk) => chunk.length > 0 && chunk.length <= 10)).toBe(true);
        expect(chunks.flat().sort(byEventId)).toEqual(
          early.map(({ eventId, payload }) => ({ eventId, jobId: payload.jobId })).sort(byEventId),
        );
      });

      test("terminal events of a span are returned with their run", async () => {
        const observations = await connect();
        const at = T0;
        const terminal = [
          sampleEvent("job.completed", { at, payload: { run: 3 } }),
          sampleEvent("job.failed", { at }),
          sampleEvent("job.cancelled", { at }),
          sampleEvent("job.rejected", { at }),
        ];
        await observations.record([
          ...terminal,
          ...(["job.created", "job.started", "job.executed", "job.retrying"] as const).map((type) =>
            sampleEvent(type, { at }),
          ),
          sampleEvent("job.completed", { at: T0 + MINUTE }),
          sampleEvent("job.completed", { at: T0 - 1 }),
        ]);
        const chunks = await all(observations.terminalEvents(minuteAt(T0), 3));
        expect(chunks.flat().sort(byEventId)).toEqual(
          terminal.map(({ eventId, payload: { jobId, run } }) => ({ eventId, jobId, run })).sort(byEventId),
        );
      });

      test("a span is summed up by the ids of its events, whatever their order", async () => {
        const observations = await connect();
        const created = sampleEvents(7, "job.created", { at: T0 });
        const ended = [
          ...sampleEvents(3, "job.completed", { at: T0 + 1 }),
          ...sampleEvents(2, "job.rejected", { at: T0 + MINUTE - 1 }),
        ];
        await observations.record([
          ...ended,
          ...created.toReversed(),
          ...sampleEvents(2, "job.created", { at: T0 - 1 }),
          ...sampleEvents(2, "job.failed", { at: T0 + MINUTE }),
          sampleEvent("job.started", { at: T0 }),
        ]);
        expect(await observations.ledgerSums(minuteAt(T0))).toEqual({
          created: sumOf(created),
          ended: sumOf(ended),
        });
        const empty = { count: 0, check: "0".repeat(16) };
        expect(await observations.ledgerSums(minuteAt(T0 + 10 * MINUTE))).toEqual({
          created: empty,
          ended: empty,
        });
      });

      test("late events are counted once, by the minute in which they occurred, until that is pruned", async () => {
        const observations = await connect();
        const now = Date.now();
        const [old, older] = [now - 10 * MINUTE, now - 90 * MINUTE];
        const late = [
          ...sampleEvents(3, "job.created", { at: old }),
          ...sampleEvents(2, "job.failed", { at: older }),
        ];
        const others = [
          sampleEvent("job.created", { at: now }),
          sampleEvent("job.completed", { at: now }),
          sampleEvent("job.started", { at: old }),
        ];
        await observations.record([...late, ...others]);
        await observations.record(late);
        const minute = (at: number) => Math.floor(at / MINUTE);
        expect(await observations.lateEvents()).toEqual(
          new Map([
            [minute(old), 3],
            [minute(older), 2],
          ]),
        );
        await observations.prune(new Date(now - 60 * MINUTE));
        expect(await observations.lateEvents()).toEqual(new Map([[minute(old), 3]]));
      });

      test("a reader that stops early leaves nothing open", async () => {
        const observations = await connect();
        await observations.record(sampleEvents(30, "job.created", { at: T0 }));
        for await (const chunk of observations.createdEvents(always(), 5)) {
          expect(chunk).toHaveLength(5);
          break;
        }
        expect((await all(observations.createdEvents(always(), 100))).flat()).toHaveLength(30);
      });

      test("a thousand ids are looked up at once", async () => {
        const observations = await connect();
        const stored = sampleEvents(40, "job.created");
        await observations.record(stored);
        const unknown = sampleEvents(960, "job.created");
        expect(await observations.storedIds([...unknown, ...stored].map(namesOf))).toEqual(
          new Set(ids(stored)),
        );
        expect(await observations.storedIds([])).toEqual(new Set());
      });
    });

    test("pruning deletes the minutes that are older than its time, and nothing else", async () => {
      const observations = await connect();
      const minute = Math.floor(T0 / MINUTE) * MINUTE;
      const kept = sampleEvents(3, "job.completed", { at: minute });
      await observations.record([...sampleEvents(7, "job.created", { at: minute - 1 }), ...kept]);
      expect(await observations.prune(new Date(T0))).toBe(7);
      expect(await observations.prune(new Date(T0))).toBe(0);
      expect((await observations.events({ limit: 20 })).items.map(({ eventId }) => eventId).sort()).toEqual(
        ids(kept).sort(),
      );
      expect(await countedEvents(observations)).toBe(10);
    });

    describe("the live feed", () => {
      test("delivers what is recorded from now on to followers, each new event once", async () => {
        const [observations, writer] = [await connect(), await connectElsewhere()];
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

      test("resumes after an id, first with what was missed, then live, nothing twice", async () => {
        const [observations, writer] = [await connect(), await connectElsewhere()];
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

      test("counts what does not fit into an entry", async () => {
        const [observations, writer] = [await connect(), await connectElsewhere()];
        await using follow = await follower(observations, writer);
        // Earlier events may still be on their way; once this one arrives, they have all arrived.
        const [last] = sampleEvents(1, "job.created");
        await writer.record([last!]);
        await follow.has(last!);
        const before = follow.dropped() + follow.jobs().length;
        const events = sampleEvents(900, "job.validated");
        await writer.record(events);
        await follow.has(events[899]!);
        expect(follow.dropped() + follow.jobs().length - before).toBe(900);
      });

      test("reports a gap when an id is no longer kept", async () => {
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

      test("ends when its signal aborts, before and while it waits", async () => {
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

      test("resumes after its connection was lost, with what was recorded meanwhile", async () => {
        const [observations, writer] = [await connect(), await connectElsewhere()];
        await using follow = await follower(observations, writer);
        world.cut();
        const meanwhile = sampleEvents(3, "job.completed");
        for (const event of meanwhile) await writer.record([event]);
        world.restore();
        await follow.has(meanwhile[2]!);
        expect(follow.jobs().slice(-3)).toEqual(meanwhile.map(({ payload }) => payload.jobId));
      });
    });

    describe("closing", () => {
      test("ends followers and connections, and may be called twice", async () => {
        const observations = await connect();
        const ended = all(observations.follow(null, new AbortController().signal));
        await observations.record(sampleEvents(1, "job.created"));
        await Promise.all([observations.close(), observations.close()]);
        await ended;
        await eventually(() => world.connections() === 0, { what: "no connection to be open" });
      });

      test("while nothing answers ends soon", async () => {
        const observations = await connect();
        world.cut();
        const startedAt = performance.now();
        await observations.close();
        expect(performance.now() - startedAt).toBeLessThan(QUICK_MS);
      });

      test("lets a process exit by itself", async () => {
        const child = Bun.spawn([process.execPath, "-e", world.shortProgram()], {
          cwd: new URL("../..", import.meta.url).pathname,
          stdout: "pipe",
          stderr: "pipe",
          timeout: 20_000,
        });
        const [code, output, errors] = await Promise.all([
          child.exited,
          new Response(child.stdout).text(),
          new Response(child.stderr).text(),
        ]);
        expect({ code, output: output.trim(), errors }).toEqual({ code: 0, output: "closed", errors: "" });
      });
    });
  });
}

async function connected(observations: Observations): Promise<Observations> {
  await observations.connected(AbortSignal.timeout(20_000));
  return observations;
}

/** Calls until it succeeds, as a caller does that received STORE_UNAVAILABLE. */
function again(call: () => Promise<unknown>): Promise<{ result: unknown }> {
  return eventually(async () => ({ result: await call() }), {
    what: "a call to succeed again",
    timeoutMs: 15_000,
  });
}

const ids = (events: readonly { eventId: string }[]) => events.map(({ eventId }) => eventId);
const sequences = (items: readonly EventEnvelope[]) => items.map(({ payload }) => payload.sequence as number);
const byEventId = (a: { eventId: string }, b: { eventId: string }) => (a.eventId < b.eventId ? -1 : 1);
const countedEvents = async (observations: Observations) => (await observations.totals()).counters.events;

const always = () => ({ from: new Date(0), before: new Date() });
const minuteAt = (at: number) => ({ from: new Date(at), before: new Date(at + MINUTE) });

function sumOf(events: readonly JobEvent[]) {
  const sum = createIdSum();
  for (const { eventId } of events) sum.add(eventId);
  return sum.sum();
}

async function storedIds(
  observations: Observations,
  events: readonly JobEvent[],
): Promise<ReadonlySet<string>> {
  return await observations.storedIds(events.map(namesOf));
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

async function firstOf<T>(items: AsyncIterable<T>): Promise<T | undefined> {
  for await (const item of items) return item;
  return undefined;
}

/** Every item from a query's page on. */
async function pages(observations: Observations, query: EventQuery): Promise<EventEnvelope[]> {
  const items: EventEnvelope[] = [];
  for (let cursor = query.cursor; ; ) {
    const page = await observations.events({ ...query, ...(cursor && { cursor }) });
    expect(page.items.length).toBeLessThanOrEqual(query.limit);
    items.push(...page.items);
    if (page.nextCursor === null) return items;
    cursor = page.nextCursor;
  }
}

function shuffled<T>(items: readonly T[], random: ReturnType<typeof createRandom>): T[] {
  const mixed = [...items];
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = random.between(0, i);
    [mixed[i], mixed[j]] = [mixed[j]!, mixed[i]!];
  }
  return mixed;
}

/** How far a percentile is from that of the values themselves (nearest rank), as a fraction of it. */
function errorOf(told: number | null, values: readonly number[], q: number): number {
  const exact = values.toSorted((a, b) => a - b)[Math.ceil(q * values.length) - 1]!;
  return Math.abs((told ?? Number.POSITIVE_INFINITY) - exact) / exact;
}

function snapshotAt(at: number, waiting = 4): Snapshot {
  const time = new Date(at).toISOString();
  const queue = { scheduled: 0, executing: 2, paused: false, oldestWaitingMs: null };
  return {
    at: time,
    queues: [
      { type: "hash", waiting, ...queue },
      { type: "sleep", waiting: 0, ...queue },
    ],
    workers: [
      {
        id: "w-1",
        host: "desk",
        pid: 1,
        version: "1.0.0",
        state: "alive",
        concurrency: 8,
        running: 2,
        jobs: [],
        startedAt: time,
        heartbeatAt: time,
      },
    ],
    deadLetters: 1,
    outbox: 2,
    bus: [{ name: "jobs.created", ready: 0, consumers: 1 }],
  };
}

/** Follows from now, or after an id. From now, it has begun when this resolves. */
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
