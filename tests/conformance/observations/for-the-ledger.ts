import { describe, expect, test } from "bun:test";
import { namesOf, sampleEvent, sampleEvents } from "../../support/sample-events.ts";
import { all, ids, sumOf } from "./read.ts";
import { always, MINUTE, minuteAt, T0 } from "./spans.ts";
import type { OpenWorld } from "./world.ts";

/** Tests the reads that the ledger relies on. */
export function describeLedgerReads({ connect }: OpenWorld): void {
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

    test("a span's sums depend on its event ids but not on their order", async () => {
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

    test("each late event counts once, in the minute it occurred, until that minute is pruned", async () => {
      const observations = await connect();
      const now = Date.now();
      const old = now - 10 * MINUTE;
      const older = now - 90 * MINUTE;
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

    test("a reader that stops early does not disturb the next reader", async () => {
      const observations = await connect();
      await observations.record(sampleEvents(30, "job.created", { at: T0 }));
      for await (const chunk of observations.createdEvents(always(), 5)) {
        expect(chunk).toHaveLength(5);
        break;
      }
      expect((await all(observations.createdEvents(always(), 100))).flat()).toHaveLength(30);
    });

    test("a thousand ids are looked up in one call", async () => {
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
}

const byEventId = (a: { eventId: string }, b: { eventId: string }) => (a.eventId < b.eventId ? -1 : 1);
