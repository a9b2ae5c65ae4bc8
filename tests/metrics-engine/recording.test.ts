import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { RefusedMessage } from "../../contracts/dead-letter.ts";
import type { Route } from "../../contracts/topology.ts";
import { openBus } from "../../shared/bus/open.ts";
import type { Bus } from "../../shared/bus/port.ts";
import { joinEnvelopes } from "../../shared/event.ts";
import { createLog } from "../../shared/log.ts";
import { openObservations } from "../../shared/observations/open.ts";
import type { Observations } from "../../shared/observations/port.ts";
import { chosenSet, enginesOf } from "../support/engines.ts";
import { namesOf, sampleEvent, sampleEvents, sampleStory } from "../support/sample-events.ts";
import { startService } from "../support/service-process.ts";
import { describeOn } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";
import { createWorld, type World } from "../support/world.ts";

setDefaultTimeout(120_000);

const log = createLog({ service: "test", level: "silent" });
const NO_PROCESSOR = "http://127.0.0.1:9";

describeOn(enginesOf(chosenSet()), "metrics-engine", () => {
  describe("alone on its engines", () => {
    let world: World;
    let bus: Bus;
    let observations: Observations;

    beforeAll(async () => {
      world = await createWorld({
        services: ["metrics-engine"],
        proxied: ["mongo"],
        env: { "metrics-engine": { PROCESSOR_URL: NO_PROCESSOR, SNAPSHOT_EVERY_MS: "200" } },
      });
      bus = openBus({ url: world.urls.BUS_URL, name: "test", log });
      observations = openObservations({
        eventsUrl: world.urls.EVENTS_URL,
        cacheUrl: world.urls.CACHE_URL,
        log,
      });
      await Promise.all([bus.connected(), observations.connected()]);
    });
    afterAll(async () => {
      await Promise.all([bus?.close(), observations?.close()]);
      await world?.[Symbol.asyncDispose]();
    });

    const publish = (events: readonly object[], route: Route = "jobs.transitions") =>
      bus.publish(route, joinEnvelopes(events.map((event) => JSON.stringify(event))));
    const scrape = async () => {
      const text = await (await fetch(`${world.running["metrics-engine"].url}/metrics`)).text();
      return (series: string) => {
        const line = text.split("\n").find((one) => matches(one, series));
        return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(" ") + 1));
      };
    };
    const until = (series: string, value: number) =>
      eventually(
        async () => {
          const seen = (await scrape())(series);
          if (seen === value) return true;
          throw new Error(`${series} is ${seen}`);
        },
        { what: `${series} to be ${value}` },
      );
    const countedEvents = async () => (await observations.totals()).counters.events;

    test("stores each event, and counts it in Prometheus metrics and in the totals", async () => {
      const before = await countedEvents();
      for (const story of [1, 2, 3].map(() => sampleStory({ jobType: "family", durationMs: 120 }))) {
        await publish(story.slice(0, 1), "jobs.created");
        await publish(story.slice(1));
      }
      await publish([sampleEvent("job.retrying", { payload: { jobType: "family" } })]);
      await publish([sampleEvent("job.failed", { payload: { jobType: "family" } })]);
      await until('observatory_jobs_completed_total{type="family"}', 3);
      await until('observatory_jobs_failed_total{type="family"}', 1);
      await until('observatory_jobs_submitted_total{type="family"}', 3);
      const value = await scrape();
      expect(value('observatory_jobs_retried_total{type="family"}')).toBe(1);
      expect(value('observatory_job_duration_seconds_count{type="family"}')).toBe(3);
      expect(value('observatory_job_duration_seconds_sum{type="family"}')).toBeCloseTo(0.36, 5);
      expect(value('observatory_job_queue_wait_seconds_count{type="family"}')).toBe(3);
      expect(value("observatory_observation_lag_seconds")).toBeLessThan(30);
      expect(await countedEvents()).toBe(before + 17);
      expect((await observations.events({ limit: 100 })).items.length).toBeGreaterThanOrEqual(17);
    });

    test("a repeated delivery counts only as a duplicate", async () => {
      const events = sampleEvents(20, "job.completed", { payload: { jobType: "twice" } });
      await publish(events);
      await until('observatory_jobs_completed_total{type="twice"}', 20);
      const duplicates = (await scrape())("observatory_events_duplicate_total") ?? 0;
      const counted = await countedEvents();
      await publish(events);
      await until("observatory_events_duplicate_total", duplicates + 20);
      expect((await scrape())('observatory_jobs_completed_total{type="twice"}')).toBe(20);
      expect(await countedEvents()).toBe(counted);
    });

    test("a bad envelope becomes one dead letter however often it arrives, and the envelopes around it are recorded", async () => {
      const letters: RefusedMessage[] = [];
      const consumer = bus.consume(
        "jobs.failed.validation",
        { maxBatch: 10, prefetch: 20 },
        async (batch) => {
          for (const { body } of batch) letters.push(JSON.parse(Buffer.from(body).toString()));
        },
      );
      const good = sampleEvents(199, "job.completed", { payload: { jobType: "neighbor" } });
      const bad = { ...sampleEvent("job.failed"), correlationId: "none" };
      await publish([...good.slice(0, 100), bad, ...good.slice(100)]);
      await publish([bad]);
      await eventually(() => letters.length === 2, { what: "both refusals to arrive" });
      await consumer.stop();
      await until('observatory_jobs_completed_total{type="neighbor"}', 199);
      const [first, second] = letters;
      expect(first).toMatchObject({
        reason: "CONTRACT_VIOLATION",
        queue: "events.observed",
        service: "metrics-engine",
        jobId: bad.payload.jobId,
        eventId: bad.eventId,
      });
      expect(JSON.parse(Buffer.from(first!.original, "base64").toString())).toEqual(bad);
      expect(second?.id).toBe(first!.id);
    });

    test("job types beyond a limit share one label", async () => {
      const types = Array.from({ length: 70 }, (_, i) => `kind-${i}`);
      await publish(types.map((jobType) => sampleEvent("job.completed", { payload: { jobType } })));
      await eventually(
        async () => ((await scrape())('observatory_jobs_completed_total{type="other"}') ?? 0) >= 20,
        {
          what: "a shared label",
        },
      );
      const text = await (await fetch(`${world.running["metrics-engine"].url}/metrics`)).text();
      const labels = text.match(/observatory_jobs_completed_total\{type=/g) ?? [];
      expect(labels.length).toBeLessThanOrEqual(51);
    });

    test("without a processor it warns once, reports bus metrics and omits job store metrics", async () => {
      await until('observatory_queue_consumers{queue="events.observed"}', 1);
      const value = await scrape();
      expect(value('observatory_queue_depth{queue="jobs.created"}')).toBeGreaterThanOrEqual(0);
      expect(value("observatory_dead_letters")).toBeUndefined();
      expect(value("observatory_outbox_backlog")).toBeUndefined();
      expect(await observations.latestSnapshot()).toBeNull();
      const told = () =>
        world.running["metrics-engine"].lines.filter((line) => line.includes('"part":"job store"'));
      await eventually(() => told().length > 0, { what: "the warning about the job store" });
      expect(told()).toHaveLength(1);
    });

    test("while the event store is down it is not ready and loses nothing, and Prometheus counts are exact afterwards", async () => {
      const { url } = world.running["metrics-engine"];
      world.proxies.mongo.cut();
      await eventually(async () => (await fetch(`${url}/readyz`)).status === 503, {
        what: "the service to be unready",
      });
      const reply = (await (await fetch(`${url}/readyz`)).json()) as { failing: string[] };
      expect(reply.failing).toEqual(["mongodb"]);
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      const before = await countedEvents();
      for (let n = 0; n < 5; n++)
        await publish(sampleEvents(40, "job.cancelled", { payload: { jobType: "family" } }));
      world.proxies.mongo.restore();
      await until('observatory_jobs_cancelled_total{type="family"}', 200);
      expect(await countedEvents()).toBe(before + 200);
      await eventually(async () => (await fetch(`${url}/readyz`)).ok, {
        what: "the service to be ready again",
      });
    });

    test("killed mid-work and restarted, it counts each event once", async () => {
      const before = await countedEvents();
      const events = sampleEvents(6_000, "job.validated");
      for (let i = 0; i < events.length; i += 200) await publish(events.slice(i, i + 200));
      await eventually(async () => (await countedEvents()) > before, {
        what: "some events to be counted",
        everyMs: 1,
      });
      await world.running["metrics-engine"].kill();
      const counted = (await countedEvents()) - before;
      expect(counted).toBeLessThan(6_000);
      await world.start("metrics-engine", { PROCESSOR_URL: NO_PROCESSOR });
      await eventually(async () => (await countedEvents()) >= before + 6_000, {
        what: "every event to be counted",
      });
      const stored = new Set<string>();
      for (let i = 0; i < events.length; i += 1_000)
        for (const id of await observations.storedIds(events.slice(i, i + 1_000).map(namesOf)))
          stored.add(id);
      expect(stored.size).toBe(6_000);
      expect(await countedEvents()).toBe(before + 6_000);
    });

    test("on SIGTERM it finishes its batches and exits with 0, and the next start deletes events past their retention", async () => {
      const before = await countedEvents();
      const old = sampleEvents(3, "job.validated", { at: Date.now() - 3 * 3_600_000 });
      const recent = sampleEvents(1_000, "job.validated");
      for (let i = 0; i < 1_000; i += 100) await publish(recent.slice(i, i + 100));
      await publish(old);
      expect(await world.running["metrics-engine"].stop()).toBe(0);
      await world.start("metrics-engine", { PROCESSOR_URL: NO_PROCESSOR });
      await eventually(async () => (await countedEvents()) === before + 1_003, {
        what: "every event to be counted",
      });
      const names = old.map(namesOf);
      expect((await observations.storedIds(names)).size).toBe(3);

      expect(await world.running["metrics-engine"].stop()).toBe(0);
      await world.start("metrics-engine", { PROCESSOR_URL: NO_PROCESSOR, EVENT_RETENTION_HOURS: "1" });
      await eventually(async () => (await observations.storedIds(names)).size === 0, {
        what: "old events to be deleted",
      });
      expect((await observations.storedIds([namesOf(recent[0]!)])).size).toBe(1);
    });
  });

  test("with a processor it stores snapshots of queues, workers and the bus", async () => {
    const world = await createWorld({
      services: ["processor", "metrics-engine"],
      env: { "metrics-engine": { SNAPSHOT_EVERY_MS: "200" } },
    });
    const observations = openObservations({
      eventsUrl: world.urls.EVENTS_URL,
      cacheUrl: world.urls.CACHE_URL,
      log,
    });
    try {
      await observations.connected();
      const snapshot = await eventually(async () => (await observations.latestSnapshot()) ?? undefined, {
        what: "a snapshot",
      });
      expect(snapshot.workers).toHaveLength(1);
      expect(snapshot.bus.map(({ name }) => name).sort()).toEqual([
        "events.observed",
        "jobs.created",
        "jobs.failed.validation",
        "messages.parked",
      ]);
      const { url } = world.running["metrics-engine"];
      const text = await (await fetch(`${url}/metrics`)).text();
      for (const series of ["observatory_dead_letters", "observatory_outbox_backlog"])
        expect(text.split("\n").find((line) => matches(line, series))).toEndWith(" 0");
      const slots = await observations.series({ metric: "workers.slots", minutes: 2, now: new Date() });
      expect(slots.series[0]?.points.some((point) => point === 64)).toBe(true);
    } finally {
      await observations.close();
      await world[Symbol.asyncDispose]();
    }
  });
});

test("a metrics-engine with a faulty environment names every fault, exits with 1 and opens nothing", async () => {
  const service = await startService(
    "metrics-engine",
    { BUS_URL: "http://nowhere", EVENT_RETENTION_HOURS: "never", CACHE_URL: "redis://127.0.0.1:9" },
    { ready: false },
  );
  expect(await service.ended).toBe(1);
  const said = await eventually(
    () => {
      const text = service.lines.join("\n");
      return text.includes("EVENTS_URL is missing") && text;
    },
    { what: "the faults to be logged" },
  );
  for (const name of ["BUS_URL", "EVENT_RETENTION_HOURS", "EVENTS_URL"]) expect(said).toContain(name);
  expect(said).not.toContain("nowhere");
  expect(said).not.toContain("Listening");
});

/** Reports whether a line of metrics belongs to a series. The line may have further labels, such as `service`. */
function matches(line: string, series: string): boolean {
  const [, name, labels] = /^([^{]+)(?:\{(.*)\})?$/.exec(series) ?? [];
  if (!name || !line.startsWith(name) || !/^[{ ]/.test(line.slice(name.length))) return false;
  return (labels ?? "").split(",").every((label) => line.includes(label));
}
