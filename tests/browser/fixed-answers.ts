import type { TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import type { DeadLetterPage, JobDetail, JobPage, SeriesReply } from "../../contracts/api-queries.ts";
import type { EventEnvelope } from "../../contracts/envelope.ts";
import { GATEWAY_ROUTES } from "../../contracts/gateway-routes.ts";
import { readFilterText } from "../../contracts/read-filter.ts";
import { READ_MODEL_ROUTES } from "../../contracts/read-model-routes.ts";
import {
  NOW,
  SAMPLE_EVENTS,
  SAMPLE_JOBS,
  SAMPLE_TYPES,
  sampleEvent,
  sampleId,
  sampleJobDetail,
  sampleLedger,
  sampleOverview,
} from "../../tui/testing/sample-data.ts";

export { NOW };

const MINUTE_MS = 60_000;
const ago = (ms: number) => new Date(NOW - ms).toISOString();

/** Returns a job that failed twice before it completed, with an envelope for each transition. */
export function fixedJob(): JobDetail {
  const job = sampleJobDetail();
  const start = Date.parse(job.createdAt);
  const event = (
    sequence: number,
    ms: number,
    type: string,
    payload: Record<string, unknown>,
  ): EventEnvelope => ({
    ...sampleEvent(sequence, type, "flaky", { sequence, ...payload }),
    eventId: `c3a1b2c4-0000-4000-8000-0000000${String(sequence).padStart(5, "0")}`,
    occurredAt: new Date(start + ms).toISOString(),
    ...(sequence === 0 && {
      hops: { acceptedAt: job.createdAt, confirmedAt: new Date(start + 2).toISOString() },
    }),
  });
  const failed = (attempt: number) => ({
    attempt,
    outcome: "failed",
    durationMs: 0.2,
    error: { code: "FLAKY", message: `Told to fail its first 2 tries; this is try ${attempt}` },
  });
  const worker = { workerId: "processor-1.7085f3ee.1" };
  return {
    ...job,
    correlationId: sampleId(1),
    events: [
      event(0, 0, "job.created", { attempt: 0 }),
      event(1, 6, "job.validated", { attempt: 0, from: "PENDING", to: "VALIDATED" }),
      event(2, 8, "job.started", { attempt: 1, queueWaitMs: 2, ...worker }),
      event(3, 9, "job.executed", failed(1)),
      event(4, 9, "job.retrying", { ...failed(1), delayMs: 93 }),
      event(5, 102, "job.started", { attempt: 2, queueWaitMs: 1, ...worker }),
      event(6, 103, "job.executed", failed(2)),
      event(7, 103, "job.retrying", { ...failed(2), delayMs: 176 }),
      event(8, 279, "job.started", { attempt: 3, queueWaitMs: 1, ...worker }),
      event(9, 297, "job.executed", { attempt: 3, outcome: "succeeded", durationMs: 18 }),
      event(10, 297, "job.completed", { attempt: 3, totalMs: 297 }),
    ],
  };
}

/**
 * Whether the page's bundled font has every character of a job type. Other characters would be drawn in a font of the
 * machine.
 */
const isDrawable = (type: unknown) => /^[a-z-]+$/.test(String(type));
export const FIXED_EVENTS = SAMPLE_EVENTS.filter(({ payload }) => isDrawable(payload.jobType));

/** Returns a series that oscillates around a level and is identical in every run. */
export function seriesOf(metric: string, minutes: number): SeriesReply {
  const level = {
    completed: 2_290,
    failed: 24,
    "execution.p50": 18,
    "execution.p95": 212,
    "execution.p99": 1_500,
  }[metric];
  const from = (Math.floor(NOW / MINUTE_MS) - minutes + 1) * MINUTE_MS;
  // The current minute is incomplete, so its counts are lower.
  const begun = (minute: number) =>
    metric.includes(".") || minute < minutes - 1 ? 1 : (NOW % MINUTE_MS) / MINUTE_MS;
  const wave = (minute: number, share: number) =>
    Math.round(
      begun(minute) * (level ?? 31) * share * (1 + 0.2 * Math.sin((from / MINUTE_MS + minute) * 1.7)),
    );
  const points = (share: number) => Array.from({ length: minutes }, (_, minute) => wave(minute, share));
  const types =
    metric === "completed"
      ? ([
          ["hash", 0.8],
          ["sleep", 0.15],
          ["flaky", 0.05],
        ] as const)
      : [];
  return {
    stepMs: MINUTE_MS,
    from: new Date(from).toISOString(),
    to: new Date(from + minutes * MINUTE_MS).toISOString(),
    series: [
      { metric, labels: {}, points: points(1) },
      ...types.map(([type, share]) => ({ metric, labels: { type }, points: points(share) })),
    ],
  };
}

const CAUSES = [
  ["OUT_OF_TRIES", "No result within 1,000 ms", 34],
  ["OUT_OF_TRIES", "Out of coffee", 18],
  ["OUT_OF_TRIES", "processor-2 stopped renewing its lease", 7],
  ["INVALID_PAYLOAD", "/payload/rounds must be a number", 2],
  ["CONTRACT_VIOLATION", "/payload must have a jobId", 2],
] as const;

function deadLetters(): DeadLetterPage {
  const items = CAUSES.flatMap(([reason, detail, count], cause) =>
    Array.from({ length: count }, (_, index) => ({
      id: sampleId(1_000 * cause + index),
      kind: reason === "OUT_OF_TRIES" ? ("job" as const) : ("message" as const),
      reason,
      detail,
      service: "processor",
      queue: "jobs.created",
      diedAt: ago(1_000 * (1 + cause + 5 * index)),
      body: "{}",
      ...(reason === "OUT_OF_TRIES" && { jobId: sampleId(100 * cause + index) }),
      replays: 0,
    })),
  );
  return { items, nextCursor: null };
}

const WORKERS = [1, 2].map((number) => ({
  id: `processor-${number}.7085f3ee.1`,
  host: "observatory",
  pid: number,
  version: "1.0.0",
  state: "alive" as const,
  concurrency: 32,
  running: number === 1 ? 10 : 7,
  jobs: [],
  startedAt: ago(3_600_000),
  heartbeatAt: ago(800 * number),
}));

const ALERT = {
  id: "a1",
  name: "DeadLettersArriving",
  severity: "warning" as const,
  state: "firing" as const,
  summary: "18 jobs ran out of tries in the last 3 min",
  startsAt: ago(180_000),
  labels: {},
  runbookUrl: "/runbooks/DeadLettersArriving",
};

function jobsOf(filter: string): JobPage {
  const { status } = readFilterText("jobs", filter).filter;
  const items = SAMPLE_JOBS.items.filter(({ type }) => isDrawable(type));
  if (status === undefined) return { ...SAMPLE_JOBS, items };
  return { items: items.filter((job) => [status].flat().includes(job.status)), nextCursor: null };
}

/**
 * Returns a fixed response of the read model or the gateway, checked against its contract; undefined for other paths.
 */
function answerTo({ pathname, searchParams }: URL): unknown {
  const [, first, second] = pathname.split("/");
  const reply = (route: { readonly reply: { readonly schema: TSchema } }, value: unknown) => {
    const [fault] = Value.Errors(route.reply.schema, value);
    if (fault)
      throw new Error(`The fixed answer to ${pathname} breaks its contract: ${fault.path} ${fault.message}`);
    return value;
  };
  const routes = READ_MODEL_ROUTES;
  switch (first) {
    case "overview":
      return reply(routes.overview, sampleOverview({ observationLagMs: 11 }));
    case "stats":
      return reply(routes.stats, sampleOverview().stats);
    case "series":
      return reply(
        routes.series,
        seriesOf(searchParams.get("metric") ?? "", Number(searchParams.get("minutes") ?? 60)),
      );
    case "ledger":
      return reply(routes.ledger, sampleLedger({ behindMs: 5_000, waitingFor: [] }));
    case "alerts":
      return reply(routes.alerts, { items: [ALERT], source: "alertmanager", fetchedAt: ago(0) });
    case "events":
      return reply(routes.listEvents, { items: FIXED_EVENTS, nextCursor: null });
    case "workers":
      return reply(routes.workers, { workers: WORKERS });
    case "dead-letters":
      return reply(routes.listDeadLetters, deadLetters());
    case "jobs":
      return second
        ? reply(routes.jobDetail, fixedJob())
        : reply(routes.listJobs, jobsOf(searchParams.get("filter") ?? ""));
    case "job-types":
      return reply(GATEWAY_ROUTES.listJobTypes, { jobTypes: SAMPLE_TYPES });
    case "access":
      return reply(GATEWAY_ROUTES.access, { readOnly: false });
    default:
      return undefined;
  }
}

/** Serves fixed responses of a read model and a gateway on one port. The live stream stays open but silent. */
export function serveFixedAnswers() {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch(request) {
      const url = new URL(request.url);
      if (url.pathname === "/stream")
        return new Response(new ReadableStream({ start: (feed) => feed.enqueue(": open\n\n") }), {
          headers: { "content-type": "text/event-stream" },
        });
      const answer = answerTo(url);
      return answer === undefined ? new Response(null, { status: 404 }) : Response.json(answer);
    },
  });
  const url = `http://127.0.0.1:${server.port}`;
  return {
    gateway: () => url,
    readModel: () => url,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}
