import { afterAll, expect, test } from "bun:test";
import { traceIdOf, traceIdOfJob } from "../../shared/traceparent.ts";
import { findFreePort } from "../../tui/engines/port.ts";
import { behavior } from "../support/suite.ts";
import { type ReceivedSpan, startTraceReceiver } from "../support/trace-receiver.ts";
import { eventually } from "../support/wait.ts";
import type { World } from "../support/world.ts";

const receiver = startTraceReceiver();
afterAll(receiver.stop);

const GIVEN_TRACE = "0af7651916cd43dd8448eb211c80319c";
const GIVEN_SPAN = "b7ad6b7169203331";
/** Spans of a job that fails once and then succeeds. */
const SPANS = { "execute flaky": 2, "record end": 2, "publish jobs.transitions": 4 };
const EVENTS = "created validated started executed retrying started executed completed".split(" ");

behavior(
  "with a trace receiver",
  {
    engines: "embedded",
    env: {
      all: { OTEL_EXPORTER_OTLP_ENDPOINT: `${receiver.url}/`, OTEL_EXPORTER_OTLP_HEADERS: "x-token=t0" },
      processor: { LEASE_MS: "600" },
    },
  },
  (world) => {
    test("one job is one trace, from its request through every attempt to the stored events", async () => {
      const reply = await world().post("/jobs", { type: "flaky", payload: { failFirst: 1 } });
      const { jobId } = (await reply.json()) as { jobId: string };
      const spans = await traceWith(traceIdOfJob(jobId), SPANS, EVENTS);

      expect(new Set(spans.map(({ service }) => service))).toEqual(
        new Set(["gateway", "processor", "metrics-engine"]),
      );
      const [root, ...others] = spans.filter(({ parentSpanId }) => !parentSpanId);
      expect([root?.service, root?.name, others]).toEqual(["gateway", "POST /jobs", []]);
      expect(brokenLinks(spans)).toEqual([]);

      const path = pathTo(
        spans,
        spans.find(({ facts }) => facts["job.attempt"] === 2),
      );
      expect(path).toEqual(["POST /jobs", "publish jobs.created", "receive jobs.created", "execute flaky"]);
      const attempts = spans.filter(({ name }) => name === "execute flaky");
      expect(
        attempts.map(({ facts, error }) => [facts["job.attempt"], facts["job.outcome"], error === undefined]),
      ).toEqual([
        [1, "failed", false],
        [2, "succeeded", true],
      ]);
      expect(
        times(
          spans.map(({ name }) => name),
          "record end",
        ),
      ).toBe(2);
      for (const { startMs, endMs } of spans) {
        expect(endMs).toBeGreaterThanOrEqual(startMs);
        expect(Math.abs(Date.now() - endMs)).toBeLessThan(60_000);
      }

      // The job, the reply, the events and the logs have the same trace id.
      const job = await world().job(jobId);
      const traceId = traceIdOfJob(jobId);
      expect(job.traceId).toBe(traceId);
      expect(reply.headers.get("x-trace-id")).toBe(traceId);
      expect(new Set(job.events.map((event) => traceIdOf(event.traceparent ?? "")))).toEqual(
        new Set([traceId]),
      );
      for (const line of ["Job attempt failed", "Job attempt ended"])
        expect(logged(world().workers[0], line, traceId)).toHaveLength(1);
      expect(logged(world().running.gateway, "Request", traceId)).toHaveLength(1);
      expect(new Set(receiver.tokens)).toEqual(new Set(["t0"]));
    });

    test("a trace begun by the caller is continued, but produces no spans if the caller does not sample it", async () => {
      const quietTrace = "1".repeat(32);
      const quiet = await world().submit(
        { type: "flaky", payload: { failFirst: 1 } },
        { traceparent: `00-${quietTrace}-${GIVEN_SPAN}-00` },
      );
      const id = await world().submit(
        { type: "flaky", payload: { failFirst: 1 } },
        { traceparent: `00-${GIVEN_TRACE}-${GIVEN_SPAN}-01` },
      );
      const spans = await traceWith(GIVEN_TRACE, SPANS, EVENTS);
      expect(spans.filter(({ parentSpanId }) => parentSpanId === GIVEN_SPAN).map(({ name }) => name)).toEqual(
        ["POST /jobs"],
      );
      expect(brokenLinks(spans, GIVEN_SPAN)).toEqual([]);
      expect((await world().job(id)).traceId).toBe(GIVEN_TRACE);

      await world().untilStatus(quiet, "COMPLETED");
      expect((await world().job(quiet)).traceId).toBe(quietTrace);
      // Spans of the unsampled trace, if there were any, would arrive before these later spans.
      const later = await world().submit({ type: "sleep" });
      await traceWith(traceIdOfJob(later), { "execute sleep": 1 });
      expect([...receiver.ofTrace(quietTrace), ...receiver.ofJob(quiet)]).toEqual([]);
    });

    test("an invalid traceparent does not make the gateway refuse a job", async () => {
      const id = await world().submit({ type: "sleep" }, { traceparent: "00-nonsense" });
      await world().untilStatus(id, "COMPLETED");
      expect((await world().job(id)).traceId).toBe(traceIdOfJob(id));
    });

    test("each job in a batch has its own trace, and children share their parent's", async () => {
      const ids = await world().submitMany([{ type: "sleep" }, { type: "fan-out", payload: { count: 2 } }]);
      for (const id of ids) {
        const spans = await traceWith(traceIdOfJob(id), { "record end": 1 });
        expect(brokenLinks(spans)).toEqual([]);
      }
      const parent = ids[1] ?? "";
      const spans = await traceWith(traceIdOfJob(parent), { "execute sleep": 2 });
      expect(
        pathTo(
          spans,
          spans.find(({ name }) => name === "execute sleep"),
        ),
      ).toEqual([
        "publish jobs.created",
        "receive jobs.created",
        "execute fan-out",
        "receive jobs.created",
        "execute sleep",
      ]);
    });

    test("an attempt whose processor dies is recorded by another processor, in the same trace", async () => {
      const id = await world().submit({ type: "sleep", payload: { ms: 2_500 } });
      // Killing the processor loses its unsent spans, so first wait until the span of the intake has arrived.
      await eventually(() => receiver.ofJob(id).some(({ name }) => name === "receive jobs.created"), {
        what: "the intake's span to be exported",
      });
      await world().workers[0]?.kill();
      await world().start("processor");
      await world().untilStatus(id, "COMPLETED");
      const spans = await traceWith(traceIdOfJob(id), { "execute sleep": 2 });
      const outcomes = spans
        .filter(({ name }) => name === "execute sleep")
        .map(({ facts }) => [facts["job.attempt"], facts["job.outcome"]]);
      expect(outcomes).toEqual([
        [1, "lost"],
        [2, "succeeded"],
      ]);
    });
  },
);

const refusing = `http://127.0.0.1:${await findFreePort()}`;
const silent = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: () => new Promise<Response>(() => undefined),
});
afterAll(() => silent.stop(true));

behavior(
  "with trace receivers that are unreachable or never respond",
  {
    engines: "embedded",
    env: {
      all: { OTEL_EXPORTER_OTLP_ENDPOINT: refusing, OTEL_EXPORTER_OTLP_TIMEOUT: "1000" },
      processor: { OTEL_EXPORTER_OTLP_ENDPOINT: silent.url.href },
    },
  },
  (world) => {
    test("jobs complete, and each service warns once and stops without waiting for the receiver", async () => {
      const ids = await world().submitMany(Array.from({ length: 300 }, () => ({ type: "sleep" })));
      await world().untilAll(ids, "COMPLETED");
      const { gateway, processor, "metrics-engine": observer } = world().running;
      const warnings = () =>
        [gateway, processor, observer].map(
          ({ lines }) => lines.filter((line) => line.includes("Could not export traces")).length,
        );
      await eventually(() => !warnings().includes(0), { what: "each service's warning about the receiver" });
      await world().settledLedger();

      const late = await world().submitMany(Array.from({ length: 50 }, () => ({ type: "sleep" })));
      await world().untilAll(late, "COMPLETED");
      expect(warnings()).toEqual([1, 1, 1]);
      for (const service of [processor, gateway]) {
        const since = performance.now();
        expect(await service.stop()).toBe(0);
        // The limit allows time for the service's own shutdown, and about a second for the attempt to send the pending
        // spans.
        expect(performance.now() - since).toBeLessThan(4_000);
      }
      await world().start("processor");
      await world().start("gateway");
    });
  },
);

behavior("without a trace receiver", { engines: "embedded" }, (world) => {
  test("a job still has its trace id, marked unsampled in its events", async () => {
    const id = await world().submit({ type: "sleep" });
    await world().untilStatus(id, "COMPLETED");
    const job = await eventually(
      async () => {
        const got = await world().job(id);
        return got.events.length === 5 && got;
      },
      { what: "the job's five events" },
    );
    expect(job.traceId).toBe(traceIdOfJob(id));
    for (const { traceparent } of job.events)
      expect(traceparent).toMatch(new RegExp(`^00-${job.traceId}-[0-9a-f]{16}-00$`));
    expect(logged(world().workers[0], "Job attempt ended", job.traceId ?? "")).toHaveLength(1);
  });
});

/**
 * Waits until the expected number of spans of each name and all their parents have arrived. Returns the trace's spans,
 * ordered by their start.
 */
async function traceWith(
  traceId: string,
  awaited: Readonly<Record<string, number>>,
  events: readonly string[] = ["completed"],
): Promise<ReceivedSpan[]> {
  return eventually(
    () => {
      const spans = receiver.ofTrace(traceId).sort((a, b) => a.startMs - b.startMs);
      const stored = spans.flatMap(({ facts }) => String(facts["events.types"] ?? "").split(" "));
      const missing = Object.entries(awaited)
        .filter(([name, count]) => spans.filter((span) => span.name === name).length < count)
        .map(([name]) => name);
      for (const type of new Set(events))
        if (times(stored, `job.${type}`) < times(events, type)) missing.push(type);
      const broken = brokenLinks(spans, GIVEN_SPAN);
      if (missing.length === 0 && broken.length === 0) return spans;
      throw new Error(`missing: ${missing.join(", ")}; spans without their parent: ${broken.join(", ")}`);
    },
    { what: `the trace ${traceId}` },
  );
}

const times = (all: readonly string[], one: string) => all.filter((item) => item === one).length;

/** Returns the names of spans whose parent never arrived. */
function brokenLinks(spans: readonly ReceivedSpan[], ...known: string[]): string[] {
  const ids = new Set([...known, ...spans.map(({ spanId }) => spanId)]);
  return spans.filter(({ parentSpanId }) => parentSpanId && !ids.has(parentSpanId)).map(({ name }) => name);
}

/** Returns the span names from the root to a span. */
function pathTo(spans: readonly ReceivedSpan[], span: ReceivedSpan | undefined): string[] {
  if (!span) return [];
  return [
    ...pathTo(
      spans,
      spans.find(({ spanId }) => spanId === span.parentSpanId),
    ),
    span.name,
  ];
}

function logged(process: World["workers"][number] | undefined, message: string, traceId: string): string[] {
  return (process?.lines ?? []).filter(
    (line) => line.includes(`"message":"${message}"`) && line.includes(`"traceId":"${traceId}"`),
  );
}
