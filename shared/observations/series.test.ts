import { describe, expect, test } from "bun:test";
import type { Snapshot, WorkerState } from "../../contracts/api-queries.ts";
import { READ_MODEL_ROUTES } from "../../contracts/read-model-routes.ts";
import { AppError } from "../errors.ts";
import { bucketOf } from "./latency-digest.ts";
import { gaugesOf, kindOf, minutesOf, seriesField, seriesReply } from "./series.ts";

const now = new Date("2026-03-01T12:34:56.789Z");
const METRICS: readonly string[] = READ_MODEL_ROUTES.series.query.metric.enum;
const rows = (...fields: Record<string, number>[]) => fields.map((row) => new Map(Object.entries(row)));

describe("series", () => {
  test("have a known kind of data for every metric that the API lists", () => {
    expect(METRICS.length).toBeGreaterThan(10);
    for (const metric of METRICS)
      expect(["counts", "execution", "queueWait", "gauges"]).toContain(kindOf(metric));
  });

  test.each(["", "events", "execution", "execution.p42", "queue.depth", "constructor", "completed "])(
    "refuse the metric %p",
    (metric) => {
      let thrown: unknown;
      try {
        kindOf(metric);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(AppError);
      expect(thrown).toMatchObject({ code: "INVALID_QUERY" });
    },
  );

  test("cover whole minutes, the current one last", () => {
    const reply = seriesReply({ metric: "completed", minutes: 3, now }, rows({}, {}, {}));
    expect(reply).toEqual({
      stepMs: 60_000,
      from: "2026-03-01T12:32:00.000Z",
      to: "2026-03-01T12:35:00.000Z",
      series: [{ metric: "completed", labels: {}, points: [null, null, null] }],
    });
    expect(minutesOf({ metric: "completed", minutes: 3, now })).toHaveLength(3);
  });

  test("list the sum first and then each type by name, with null for minutes without data", () => {
    const { series } = seriesReply(
      { metric: "completed", minutes: 3, now },
      rows({ "completed|sleep": 2, "completed|hash": 3, "failed|hash": 9 }, {}, { "completed|hash": 1 }),
    );
    expect(series).toEqual([
      { metric: "completed", labels: {}, points: [5, null, 1] },
      { metric: "completed", labels: { type: "hash" }, points: [3, null, 1] },
      { metric: "completed", labels: { type: "sleep" }, points: [2, null, null] },
    ]);
  });

  test("for one type contain only that type, even if it has no data", () => {
    const kept = rows({ "completed|sleep": 2 });
    expect(seriesReply({ metric: "completed", type: "sleep", minutes: 1, now }, kept).series).toEqual([
      { metric: "completed", labels: { type: "sleep" }, points: [2] },
    ]);
    expect(seriesReply({ metric: "completed", type: "brew", minutes: 1, now }, kept).series).toEqual([
      { metric: "completed", labels: { type: "brew" }, points: [null] },
    ]);
  });

  test("for workers have no types", () => {
    const kept = rows({ "workers.busy|": 0, "workers.slots|": 8 });
    expect(seriesReply({ metric: "workers.busy", type: "hash", minutes: 1, now }, kept).series).toEqual([
      { metric: "workers.busy", labels: {}, points: [0] },
    ]);
  });

  test("for a percentile combine the latency digests of all types in the sum", () => {
    const [one, hundred] = [String(bucketOf(1)), String(bucketOf(100))];
    const { series } = seriesReply(
      { metric: "execution.p50", minutes: 1, now },
      rows({ [seriesField(one, "hash")]: 10, [seriesField(hundred, "sleep")]: 30 }),
    );
    const points = series.map(({ points: [point] }) => Math.round(point ?? Number.NaN));
    expect(points.map((point, i) => Math.abs(point - [100, 1, 100][i]!) <= 2)).toEqual([true, true, true]);
  });

  test("support a type whose name contains the separator", () => {
    const kept = rows({ [seriesField("completed", "a|b")]: 4 });
    expect(
      seriesReply({ metric: "completed", type: "a|b", minutes: 1, now }, kept).series[0]?.points,
    ).toEqual([4]);
  });
});

test("a snapshot's gauges are the queue depths by type, and the busy and total slots of live workers", () => {
  const worker = (state: WorkerState["state"], running: number): WorkerState => ({
    id: crypto.randomUUID(),
    host: "desk",
    pid: 1,
    version: "1.0.0",
    state,
    concurrency: 8,
    running,
    jobs: [],
    startedAt: now.toISOString(),
    heartbeatAt: now.toISOString(),
  });
  const snapshot: Snapshot = {
    at: now.toISOString(),
    queues: [
      { type: "hash", waiting: 4, scheduled: 9, executing: 1, paused: false, oldestWaitingMs: 12 },
      { type: "sleep", waiting: 0, scheduled: 0, executing: 2, paused: true, oldestWaitingMs: null },
    ],
    workers: [worker("alive", 3), worker("stopping", 1), worker("lost", 5), worker("stopped", 0)],
    deadLetters: 0,
    outbox: 0,
    bus: [],
  };
  const typeLabel = (type: string) => type;
  expect(Object.fromEntries(gaugesOf(snapshot, typeLabel))).toEqual({
    "queue.waiting|hash": 4,
    "queue.executing|hash": 1,
    "queue.waiting|sleep": 0,
    "queue.executing|sleep": 2,
    "workers.busy|": 4,
    "workers.slots|": 16,
  });
  // The queue depths of all types that share a label are added up.
  expect(gaugesOf(snapshot, () => "other").get("queue.executing|other")).toBe(3);
});
