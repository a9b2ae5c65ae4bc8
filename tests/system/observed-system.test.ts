import { expect, test } from "bun:test";
import type { QueuesReply, SeriesReply, Stats } from "../../contracts/api-queries.ts";
import { newJobId } from "../../contracts/ids.ts";
import { openBus } from "../../shared/bus/open.ts";
import { createdEvent } from "../../shared/created-event.ts";
import { createEventMaker, joinEnvelopes } from "../../shared/event.ts";
import { createLog } from "../../shared/log.ts";
import { sampleEvent } from "../support/sample-events.ts";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";

const log = createLog({ service: "test", level: "silent" });
const makeEvent = createEventMaker({ service: "test", instanceId: "test-1", version: "1.0.0" });
const snapshotsOften = { env: { "metrics-engine": { SNAPSHOT_EVERY_MS: "200" } } };

behavior("observations of known jobs", snapshotsOften, (world) => {
  /** Returns a metric's samples by their labels, leaving out `service`. */
  async function familyOf(name: string): Promise<Record<string, number>> {
    const text = await (await fetch(`${world().running["metrics-engine"].url}/metrics`)).text();
    expect(text).not.toContain("NaN");
    const samples = text.split("\n").flatMap((line) => {
      const [, labels = "", value] = new RegExp(`^${name}(?:\\{(.*)\\})? (\\S+)$`).exec(line) ?? [];
      if (value === undefined) return [];
      const shown = labels.split(",").filter((label) => label !== "" && !label.startsWith("service="));
      return [[shown.sort().join(","), Number(value)] as const];
    });
    return Object.fromEntries(samples);
  }
  const until = (name: string, wanted: Record<string, number>) =>
    eventually(
      async () => {
        const samples = await familyOf(name);
        for (const [labels, value] of Object.entries(wanted))
          if (samples[labels] !== value) throw new Error(`${name} is ${JSON.stringify(samples)}`);
        return true;
      },
      { what: `${name} to be ${JSON.stringify(wanted)}` },
    );
  const withBus = async (use: (bus: ReturnType<typeof openBus>) => Promise<void>) => {
    const bus = openBus({ url: world().urls.BUS_URL, name: "test", log });
    await bus.connected();
    await use(bus);
    await bus.close();
  };

  test("Prometheus counts each outcome by type, and measures attempts and waits", async () => {
    const done = await world().submitMany([
      ...Array.from({ length: 6 }, () => ({ type: "sleep", payload: { ms: 20 } })),
      { type: "flaky", payload: { failFirst: 1 } },
    ]);
    const failed = await world().submitMany([1, 2].map(() => ({ type: "fail", maxAttempts: 1 })));
    const later = await world().submit({
      type: "sleep",
      runAt: new Date(Date.now() + 3_600_000).toISOString(),
    });
    await world().untilStatus(later, "SCHEDULED");
    expect((await world().post(`/jobs/${later}/cancel`)).status).toBe(200);
    const wrong = createdEvent(
      makeEvent,
      { jobId: newJobId(), jobType: "hash", payload: { rounds: -1 } },
      { correlationId: crypto.randomUUID() },
    );
    await withBus((bus) => bus.publish("jobs.created", joinEnvelopes([JSON.stringify(wrong)])));
    await world().untilAll(done, "COMPLETED");
    await world().untilAll(failed, "FAILED");

    await until("observatory_jobs_submitted_total", {
      'type="sleep"': 7,
      'type="flaky"': 1,
      'type="fail"': 2,
      'type="hash"': 1,
    });
    await until("observatory_jobs_completed_total", { 'type="sleep"': 6, 'type="flaky"': 1 });
    await until("observatory_jobs_failed_total", { 'type="fail"': 2 });
    await until("observatory_jobs_retried_total", { 'type="flaky"': 1 });
    await until("observatory_jobs_cancelled_total", { 'type="sleep"': 1 });
    await until("observatory_jobs_rejected_total", { 'type="hash"': 1 });
    await until("observatory_job_duration_seconds_count", {
      'type="sleep"': 6,
      'type="flaky"': 2,
      'type="fail"': 2,
    });
    await until("observatory_job_queue_wait_seconds_count", { 'type="sleep"': 6, 'type="flaky"': 2 });
    const duration = await familyOf("observatory_job_duration_seconds_sum");
    expect(duration['type="sleep"']).toBeGreaterThanOrEqual(6 * 0.019);
    const wait = await familyOf("observatory_job_queue_wait_seconds_bucket");
    expect(wait['le="+Inf",type="sleep"']).toBe(6);
    expect((await world().get<Stats>("/stats")).counters).toMatchObject({
      submitted: 11,
      completed: 7,
      failed: 2,
      retried: 1,
      cancelled: 1,
      rejected: 1,
    });
  });

  test("metrics, series and queues agree on the number of waiting jobs until the jobs have run", async () => {
    await world().post("/queues/hash/pause");
    const ids = await world().submitMany(
      Array.from({ length: 12 }, () => ({ type: "hash", payload: { text: "waits", rounds: 1 } })),
    );
    await world().untilAll(ids, "VALIDATED");
    await until("observatory_jobs_unfinished", {
      'state="waiting",type="hash"': 12,
      'state="executing",type="hash"': 0,
    });
    await eventually(
      async () => ((await familyOf("observatory_oldest_waiting_seconds"))['type="hash"'] ?? 0) > 0.2,
      { what: "the oldest job's wait to be measured" },
    );
    const waiting = async () => {
      const { series } = await world().get<SeriesReply>("/series?metric=queue.waiting&type=hash&minutes=2");
      return series[0]?.points.findLast((point) => point !== null);
    };
    await eventually(async () => (await waiting()) === 12, {
      what: "the queue's depth to appear in its series",
    });
    const { queues, bus, busAt } = await world().get<QueuesReply>("/queues");
    expect(queues.find(({ type }) => type === "hash")).toMatchObject({ waiting: 12, paused: true });
    expect(bus.map(({ name, consumers }) => [name, consumers]).sort()).toEqual([
      ["events.observed", 1],
      ["jobs.created", 1],
      ["jobs.failed.validation", 1],
      ["messages.parked", 1],
    ]);
    expect(Date.now() - Date.parse(busAt ?? "")).toBeLessThan(30_000);

    await world().post("/queues/hash/resume");
    await world().untilAll(ids, "COMPLETED");
    await until("observatory_jobs_unfinished", { 'state="waiting",type="hash"': 0 });
    await eventually(async () => (await waiting()) === 0, { what: "the series to fall to 0" });
  });

  test("bus queues, workers, dead letters and the outbox are measured", async () => {
    const queues = ["events.observed", "jobs.created", "jobs.failed.validation", "messages.parked"].map(
      (queue) => `queue="${queue}"`,
    );
    for (const name of ["observatory_queue_depth", "observatory_consumer_lag", "observatory_queue_consumers"])
      expect(Object.keys(await familyOf(name)).sort()).toEqual(queues);
    await until("observatory_workers", { 'state="alive"': 1 });
    await until("observatory_outbox_backlog", { "": 0 });
    const [row] = await world().sql`select count(*)::int as count from dead_letters`;
    expect(row?.count).toBeGreaterThan(0);
    await until("observatory_dead_letters", { "": row?.count });
  });

  test("a bad envelope among transitions becomes one dead letter, however often it arrives, and delays no other event", async () => {
    const bad = { ...sampleEvent("job.completed"), occurredAt: "yesterday" };
    const before = (await world().get<Stats>("/stats")).counters.completed;
    await withBus(async (bus) => {
      const good = Array.from({ length: 4 }, () =>
        createdEvent(
          makeEvent,
          { jobId: newJobId(), jobType: "sleep", payload: { ms: 0 } },
          { correlationId: crypto.randomUUID() },
        ),
      );
      for (let n = 0; n < 3; n++) await bus.publish("jobs.transitions", joinEnvelopes([JSON.stringify(bad)]));
      await bus.publish("jobs.created", joinEnvelopes(good.map((event) => JSON.stringify(event))));
    });
    await eventually(async () => (await world().get<Stats>("/stats")).counters.completed === before + 4, {
      what: "the jobs after the bad envelope to be counted",
    });
    await until("observatory_events_refused_total", { "": 3 });
    const letters = await eventually(
      async () => {
        const rows = await world().sql`select * from dead_letters where event_id = ${bad.eventId}`;
        return rows.length > 0 && rows;
      },
      { what: "the dead letter" },
    );
    expect(letters).toHaveLength(1);
    expect(letters[0]).toMatchObject({
      kind: "message",
      reason: "CONTRACT_VIOLATION",
      queue: "events.observed",
      service: "metrics-engine",
    });
    expect(JSON.parse(letters[0]?.body.toString())).toEqual(bad);
  });
});

behavior("a metrics-engine killed three times in a burst of 2,500 events", {}, (world) => {
  test("counts each event once, so that counters match the rows and the ledger settles", async () => {
    const observed = async () => (await world().get<Stats>("/stats")).counters.events;
    const ids = await world().submitMany(
      Array.from({ length: 500 }, () => ({ type: "sleep", payload: { ms: 0 } })),
    );
    const counts: number[] = [];
    for (const more of [1, 150, 300]) {
      const from = counts.at(-1) ?? 0;
      // With a fast store, the metrics-engine may count nearly everything before it is killed.
      await eventually(async () => (await observed()) >= Math.min(from + more, 2_500), {
        what: "some events to be counted",
        everyMs: 1,
      });
      await world().running["metrics-engine"].kill();
      counts.push(await observed());
      await world().start("metrics-engine");
    }
    // The first kill must come before all events have been counted, or this test would prove nothing.
    expect(counts[0]).toBeLessThan(2_500);
    await world().untilAll(ids, "COMPLETED");
    await world().settledLedger();
    const [rows] = await world().sql`
      select count(*)::int as submitted, (count(*) filter (where status = 'COMPLETED'))::int as completed
      from jobs`;
    await eventually(async () => (await observed()) >= 2_500, { what: "every event to be counted" });
    const { counters, execution, queueWait } = await world().get<Stats>("/stats");
    expect(counters).toEqual({
      submitted: rows?.submitted,
      completed: rows?.completed,
      failed: 0,
      retried: 0,
      cancelled: 0,
      rejected: 0,
      events: 2_500,
    });
    expect([rows?.submitted, execution.count, queueWait.count]).toEqual([500, 500, 500]);
  });

  test("exits with 0 on SIGTERM", async () => {
    expect(await world().running["metrics-engine"].stop()).toBe(0);
    await world().start("metrics-engine");
  });
});
