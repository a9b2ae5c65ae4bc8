import { describe, expect, test } from "bun:test";
import type { StoreSnapshot } from "../../contracts/api-queries.ts";
import { createMetrics } from "../../shared/metrics.ts";
import { sampleEvent, sampleEvents, sampleStory } from "../../tests/support/sample-events.ts";
import { createFamilies } from "./metrics.ts";

function world() {
  const metrics = createMetrics("metrics-engine");
  const families = createFamilies(metrics);
  const samples = async (name: string) =>
    Object.fromEntries(
      (await metrics.registry.metrics()).split("\n").flatMap((line) => {
        const [, labels = "", value] = new RegExp(`^${name}(?:\\{(.*)\\})? (\\S+)$`).exec(line) ?? [];
        return value === undefined
          ? []
          : [[labels.replace(/,?service="metrics-engine",?/, ""), Number(value)] as const];
      }),
    );
  return { metrics, families, samples };
}

const queue = (type: string, waiting: number, oldestWaitingMs: number | null = null) => ({
  type,
  waiting,
  scheduled: 0,
  executing: 0,
  paused: false,
  oldestWaitingMs,
});
const snapshot = (queues: StoreSnapshot["queues"], counts = { deadLetters: 2, outbox: 5 }) => ({
  at: new Date().toISOString(),
  queues,
  workers: [],
  ...counts,
});

describe("the job metrics", () => {
  test("count the new events of a batch by job type, and its other events as duplicates", async () => {
    const { families, samples } = world();
    families.recorded([...sampleStory(), ...sampleEvents(2, "job.failed")], 10);
    expect(await samples("observatory_events_recorded_total")).toEqual({ "": 7 });
    expect(await samples("observatory_events_duplicate_total")).toEqual({ "": 3 });
    expect(await samples("observatory_jobs_failed_total")).toEqual({ 'type="hash"': 2 });
    expect(await samples("observatory_job_duration_seconds_sum")).toEqual({ 'type="hash"': 0.01 });
    expect(await samples("observatory_job_queue_wait_seconds_count")).toEqual({ 'type="hash"': 1 });
  });

  test("start at 0 for known types, so the first failure shows as an increase", async () => {
    const metrics = createMetrics("metrics-engine");
    createFamilies(metrics, ["hash", "sleep"]);
    for (const name of ["submitted", "completed", "failed", "retried", "cancelled", "rejected"]) {
      const { values = [] } =
        (await metrics.registry.getSingleMetric(`observatory_jobs_${name}_total`)?.get()) ?? {};
      expect(values.map(({ labels, value }) => [labels.type, value])).toEqual([
        ["hash", 0],
        ["sleep", 0],
      ]);
    }
  });

  test("never decrease when recording reports more new events than the batch held", async () => {
    const { families, samples } = world();
    // Recording a batch may also return events that an earlier call counted but failed to return.
    families.recorded(sampleEvents(5, "job.created"), 2);
    expect(await samples("observatory_events_recorded_total")).toEqual({ "": 5 });
    expect(await samples("observatory_events_duplicate_total")).toEqual({ "": 0 });
  });

  test("label at most 50 types by name, the same types in counters and gauges, and give all other types one shared label", async () => {
    const { families, metrics } = world();
    const types = Array.from({ length: 200 }, (_, n) => `type-${n}`);
    families.recorded(
      types.map((jobType) => sampleEvent("job.created", { payload: { jobType } })),
      200,
    );
    families.storeMeasured(snapshot(types.toReversed().map((type) => queue(type, 1))));
    const text = await metrics.registry.metrics();
    expect(new Set(text.match(/type="[^"]*"/g)).size).toBe(51);
    expect(text).not.toContain("NaN");
  });

  test("add up the depths of types that share a label, and show the age of the oldest job", async () => {
    const { families, samples } = world();
    const first = Array.from({ length: 50 }, (_, n) => queue(`type-${n}`, 1));
    families.storeMeasured(snapshot([...first, queue("a", 3, 9_000), queue("b", 4, 2_000)]));
    expect((await samples("observatory_jobs_unfinished"))['type="other",state="waiting"']).toBe(7);
    expect((await samples("observatory_oldest_waiting_seconds"))['type="other"']).toBe(9);
  });

  test("show a snapshot's values, and no values without a snapshot", async () => {
    const { families, samples } = world();
    expect(await samples("observatory_dead_letters")).toEqual({});
    families.storeMeasured(snapshot([queue("hash", 1, 500)]));
    families.busMeasured([{ name: "jobs.created", ready: 4, consumers: 1 }]);
    expect(await samples("observatory_dead_letters")).toEqual({ "": 2 });
    expect(await samples("observatory_outbox_backlog")).toEqual({ "": 5 });
    expect(await samples("observatory_queue_depth")).toEqual({ 'queue="jobs.created"': 4 });
    expect(await samples("observatory_consumer_lag")).toEqual({ 'queue="jobs.created"': 4 });
    families.storeMeasured(undefined);
    families.busMeasured(undefined);
    for (const name of ["dead_letters", "outbox_backlog", "queue_depth", "oldest_waiting_seconds"])
      expect(await samples(`observatory_${name}`)).toEqual({});
  });
});
