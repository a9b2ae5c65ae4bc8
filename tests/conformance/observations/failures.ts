import { describe, expect, test } from "bun:test";
import type { JobEvent } from "../../../contracts/events.ts";
import { AppError } from "../../../shared/errors.ts";
import type { Observations } from "../../../shared/observations/port.ts";
import { namesOf, sampleEvents } from "../../support/sample-events.ts";
import { eventually } from "../../support/wait.ts";
import { all, countedEvents, firstOf, ids, storedIds } from "./read.ts";
import { snapshotAt } from "./snapshot.ts";
import { always, T0 } from "./spans.ts";
import { type OpenWorld, QUICK_MS } from "./world.ts";

/** Tests calls that die halfway and engines that are unavailable. */
export function describeFailures({ connect, connectElsewhere, world }: OpenWorld): void {
  describe("a call that dies", () => {
    test("at any point leaves exact counts once it is repeated", async () => {
      const elsewhere = await connectElsewhere();
      const all: JobEvent[] = [];
      let died = 0;
      for (let cutAfterMs = 0; cutAfterMs <= 260; cutAfterMs += 20) {
        const events = sampleEvents(20, "job.completed");
        all.push(...events);
        const observations = await connect();
        world().slow(15);
        const call = observations.record(events).then(
          () => true,
          () => false,
        );
        await Bun.sleep(cutAfterMs);
        world().cut();
        if (!(await call)) died++;
        // Another instance receives the batch while the first one's writes may still be in transit.
        await elsewhere.record(events);
        world().restore();
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

    test("after its events were counted can be repeated without counting them again", async () => {
      const observations = await connect();
      const elsewhere = await connectElsewhere();
      const events = sampleEvents(30, "job.retrying");
      world().slow(400);
      const call = observations.record(events).catch((error: unknown) => error);
      await eventually(async () => (await countedEvents(elsewhere)) === 30, {
        what: "the events to be counted",
        everyMs: 2,
      });
      world().cut();
      expect(await call).toMatchObject({ code: "STORE_UNAVAILABLE" });
      world().restore();
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

    test("every call either succeeds or fails quickly with an error that names the engine, and every call succeeds again afterwards", async () => {
      const observations = await connect();
      const before = sampleEvents(3, "job.completed");
      await observations.record(before);
      const made: JobEvent[] = [];
      for (const engine of world().engines) {
        world().cut(engine);
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
          Object.fromEntries(world().engines.map((one) => [one, one !== engine])),
        );

        world().restore();
        await again(() => observations.record(events));
        for (const call of Object.values<() => Promise<unknown>>(calls(observations, events)))
          await again(call);
        expect(Object.values(await observations.health())).not.toContain(false);
      }
      expect(await countedEvents(observations)).toBe(before.length + made.length);
    });

    test.each([0, 1])(
      "recording fails within its time limit if engine %p is silent, and recovers later",
      async (index) => {
        const engine = world().engines[index];
        if (!engine) return expect(world().engines.length).toBeLessThanOrEqual(index);
        const observations = await connect();
        await observations.record(sampleEvents(1, "job.created"));
        const events = sampleEvents(5, "job.completed");
        world().freeze(engine);
        const startedAt = performance.now();
        const error = await observations.record(events).catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({ code: "STORE_UNAVAILABLE", facts: { engine } });
        expect(performance.now() - startedAt).toBeLessThan(12_000);
        expect((await observations.health())[engine]).toBe(false);
        world().restore();
        await again(() => observations.record(events));
        expect(await countedEvents(observations)).toBe(6);
      },
    );

    test("connecting waits for the engine until the caller's signal aborts", async () => {
      world().cut();
      const observations = world().open();
      const abort = new AbortController();
      const given = observations.connected(abort.signal).then(
        () => "connected",
        () => "gave up",
      );
      abort.abort();
      expect(await given).toBe("gave up");
      const connecting = observations.connected(AbortSignal.timeout(30_000));
      expect(Object.values(await observations.health())).toEqual(world().engines.map(() => false));
      world().restore();
      await connecting;
      expect((await observations.record(sampleEvents(1, "job.created"))).fresh).toHaveLength(1);
    });
  });
}

/** Repeats the call until it succeeds, as callers do on STORE_UNAVAILABLE. */
function again(call: () => Promise<unknown>): Promise<{ result: unknown }> {
  return eventually(async () => ({ result: await call() }), {
    what: "a call to succeed again",
    timeoutMs: 15_000,
  });
}
