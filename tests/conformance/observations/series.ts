import { describe, expect, test } from "bun:test";
import { EVENT_TYPES } from "../../../contracts/events.ts";
import { READ_MODEL_ROUTES } from "../../../contracts/read-model-routes.ts";
import { createRandom } from "../../support/random.ts";
import { sampleEvent, sampleEvents } from "../../support/sample-events.ts";
import { snapshotAt } from "./snapshot.ts";
import { MINUTE, T0 } from "./spans.ts";
import type { OpenWorld } from "./world.ts";

/** Tests percentiles, series and snapshots. */
export function describeSeries({ connect, connectElsewhere }: OpenWorld): void {
  describe("percentiles", () => {
    test("are within 2% of the true values across batches and instances", async () => {
      const engines = [await connect(), await connectElsewhere()] as const;
      const random = createRandom(3);
      const durations = Array.from({ length: 1_200 }, () => 0.05 * 200_000 ** (random.between(0, 1e6) / 1e6));
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

    test("exclude attempts lost with their worker", async () => {
      const observations = await connect();
      await observations.record([
        sampleEvent("job.executed", { payload: { outcome: "lost", durationMs: 30_000 } }),
      ]);
      expect((await observations.totals()).execution.count).toBe(0);
    });
  });

  describe("series", () => {
    const now = () => T0 + 3 * MINUTE;

    test("hold one number per minute and type, and null for minutes without data", async () => {
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

    test("of percentiles show each minute separately, within 2%", async () => {
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

    test("of every metric in the API return a number", async () => {
      const observations = await connect({ now });
      await observations.record(EVENT_TYPES.map((type) => sampleEvent(type, { at: now() })));
      await observations.recordSnapshot(snapshotAt(now()));
      for (const metric of READ_MODEL_ROUTES.series.query.metric.enum as readonly string[]) {
        const { series } = await observations.series({ metric, minutes: 1, now: new Date(now()) });
        expect({ metric, point: series[0]?.points[0] }).toEqual({ metric, point: expect.any(Number) });
      }
    });

    test("reach back a day, and are refused for an unknown metric", async () => {
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

    test("of a hundred types stay bounded and add up to the total", async () => {
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
      const [total, ...byType] = series.map(({ points }) => points[0] ?? 0);
      expect(total).toBe(100);
      expect(byType.reduce((sum, count) => sum + count, 0)).toBe(100);
      expect(series.length).toBeLessThanOrEqual(52);
      expect(series.find(({ labels }) => labels.type === "other")?.points[0]).toBeGreaterThan(1);
    });
  });

  test("the latest snapshot is returned unchanged, and a series uses each minute's last snapshot", async () => {
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
}

/** Returns a percentile's relative error against the exact nearest-rank percentile of the values. */
function errorOf(told: number | null, values: readonly number[], q: number): number {
  const exact = values.toSorted((a, b) => a - b)[Math.ceil(q * values.length) - 1]!;
  return Math.abs((told ?? Number.POSITIVE_INFINITY) - exact) / exact;
}
