import { type TSchema, Type } from "@sinclair/typebox";
import { AlertWebhook } from "./alert.ts";
import {
  Acceptance,
  ActionReply,
  ActionRequest,
  BatchAcceptance,
  BatchRequest,
  DeadLetterActionReply,
  DeadLetterActionRequest,
  IdempotencyKey,
  JobRequest,
  JobState,
  JobTypesReply,
  PauseReply,
  ReplayReply,
  ReplayRequest,
} from "./api-commands.ts";
import {
  AlertsReply,
  DeadLetterPage,
  EventPage,
  JobDetail,
  JobPage,
  Ledger,
  Overview,
  QueuesReply,
  SETTLE_TIMES_MS,
  SeriesReply,
  Stats,
  Timeline,
  WorkersReply,
} from "./api-queries.ts";
import { DeadLetter } from "./dead-letter.ts";
import { EVENT_TYPES } from "./events.ts";
import { DEAD_LETTER_FILTER_QUERY, JOB_FILTER_QUERY } from "./filter-schema.ts";
import type { ProblemCode } from "./problem.ts";
import { IntegerEnum, StringEnum, Uuid } from "./schema.ts";

/**
 * One HTTP route as its callers see it. The OpenAPI document is made from it and requests are checked against it,
 * so that the two cannot differ.
 */
export interface Route {
  readonly method: "GET" | "POST" | "DELETE";
  /** With `{name}` for each path parameter (OpenAPI's notation). */
  readonly path: string;
  readonly summary: string;
  readonly params?: Readonly<Record<string, TSchema>>;
  readonly query?: Readonly<Record<string, TSchema>>;
  readonly headers?: Readonly<Record<string, TSchema>>;
  /** `optional` bodies may be absent; every body is application/json. */
  readonly body?: { readonly schema: TSchema; readonly optional?: true };
  readonly reply: {
    readonly status: 200 | 202 | 307;
    readonly schema: TSchema;
    readonly contentType?: string;
  };
  readonly problems: readonly ProblemCode[];
}

const BODY: readonly ProblemCode[] = [
  "MALFORMED_JSON",
  "VALIDATION_FAILED",
  "PAYLOAD_TOO_LARGE",
  "UNSUPPORTED_MEDIA_TYPE",
];
const SUBMIT: readonly ProblemCode[] = [...BODY, "OVERLOADED", "BUS_UNAVAILABLE", "STOPPING"];
const COMMAND: readonly ProblemCode[] = [
  "IDEMPOTENCY_CONFLICT",
  "PROCESSOR_UNAVAILABLE",
  "STORE_UNAVAILABLE",
];
/** A command without a body: only its id and its key can be wrong. */
const BARE_COMMAND: readonly ProblemCode[] = [...COMMAND, "INVALID_ID", "VALIDATION_FAILED"];
const QUERY: readonly ProblemCode[] = ["INVALID_QUERY", "STORE_UNAVAILABLE"];

/** Any text: W3C Trace Context wants one that cannot be read to be ignored, not refused. */
const TraceparentHeader = Type.String({ description: "W3C Trace Context; the job goes on with this trace" });

const keyed = { "idempotency-key": Type.Optional(IdempotencyKey) };
const id = { id: Uuid };
const queueType = { type: Type.String({ minLength: 1, maxLength: 64 }) };

/** The gateway's routes: commands only. */
export const GATEWAY_ROUTES = {
  submitJob: {
    method: "POST",
    path: "/jobs",
    summary: "Submit a job",
    headers: {
      "idempotency-key": Type.Optional(IdempotencyKey),
      traceparent: Type.Optional(TraceparentHeader),
    },
    body: { schema: JobRequest },
    reply: { status: 202, schema: Acceptance },
    problems: [...SUBMIT, "UNKNOWN_JOB_TYPE", "PAYLOAD_TOO_DEEP", "IDEMPOTENCY_CONFLICT"],
  },
  submitBatch: {
    method: "POST",
    path: "/jobs/batch",
    summary: "Submit up to 1,000 jobs, each accepted or refused on its own",
    body: { schema: BatchRequest },
    reply: { status: 202, schema: BatchAcceptance },
    problems: SUBMIT,
  },
  findJob: {
    method: "GET",
    path: "/jobs/{id}",
    summary: "Where to read a job: redirects to the read model, which has its state and history",
    params: id,
    reply: {
      status: 307,
      schema: Type.Object({
        jobId: Uuid,
        href: Type.String({ description: "The job at the read model; the same as `Location`" }),
        timeline: Type.String({ description: "Its history in the order of time" }),
      }),
    },
    problems: ["INVALID_ID"],
  },
  cancelJob: {
    method: "POST",
    path: "/jobs/{id}/cancel",
    summary: "Cancel a job, before or while it runs",
    params: id,
    headers: keyed,
    reply: { status: 200, schema: JobState },
    problems: [...BARE_COMMAND, "JOB_NOT_FOUND", "JOB_STATE_CONFLICT"],
  },
  retryJob: {
    method: "POST",
    path: "/jobs/{id}/retry",
    summary: "Run a failed or cancelled job again; its old attempts are kept",
    params: id,
    headers: keyed,
    reply: { status: 200, schema: JobState },
    problems: [...BARE_COMMAND, "JOB_NOT_FOUND", "JOB_STATE_CONFLICT"],
  },
  actOnJobs: {
    method: "POST",
    path: "/jobs/actions",
    summary: "Retry or cancel every job that matches a filter; a large action goes on and is read by its id",
    body: { schema: ActionRequest },
    headers: keyed,
    reply: { status: 200, schema: ActionReply },
    problems: [...BODY, ...COMMAND],
  },
  jobAction: {
    method: "GET",
    path: "/jobs/actions/{id}",
    summary: "How far an action on many jobs is",
    params: id,
    reply: { status: 200, schema: ActionReply },
    problems: ["INVALID_ID", "ACTION_NOT_FOUND", "PROCESSOR_UNAVAILABLE", "STORE_UNAVAILABLE"],
  },
  cancelJobAction: {
    method: "POST",
    path: "/jobs/actions/{id}/cancel",
    summary: "Stop an action on many jobs where it is; what it has changed stays",
    params: id,
    headers: keyed,
    reply: { status: 200, schema: ActionReply },
    problems: [...BARE_COMMAND, "ACTION_NOT_FOUND"],
  },
  actOnDeadLetters: {
    method: "POST",
    path: "/dead-letters/actions",
    summary: "Replay or drop every dead letter that matches a filter",
    body: { schema: DeadLetterActionRequest },
    headers: keyed,
    reply: { status: 200, schema: DeadLetterActionReply },
    problems: [...BODY, ...COMMAND],
  },
  deadLetterAction: {
    method: "GET",
    path: "/dead-letters/actions/{id}",
    summary: "How far an action on many dead letters is",
    params: id,
    reply: { status: 200, schema: DeadLetterActionReply },
    problems: ["INVALID_ID", "ACTION_NOT_FOUND", "PROCESSOR_UNAVAILABLE", "STORE_UNAVAILABLE"],
  },
  cancelDeadLetterAction: {
    method: "POST",
    path: "/dead-letters/actions/{id}/cancel",
    summary: "Stop an action on many dead letters where it is; what it has changed stays",
    params: id,
    headers: keyed,
    reply: { status: 200, schema: DeadLetterActionReply },
    problems: [...BARE_COMMAND, "ACTION_NOT_FOUND"],
  },
  replayDeadLetter: {
    method: "POST",
    path: "/dead-letters/{id}/replay",
    summary: "Replay a dead letter as it was, or edited",
    params: id,
    body: { schema: ReplayRequest, optional: true },
    headers: keyed,
    reply: { status: 200, schema: ReplayReply },
    problems: [
      ...BODY,
      ...COMMAND,
      "INVALID_ID",
      "PAYLOAD_TOO_DEEP",
      "UNKNOWN_JOB_TYPE",
      "DEAD_LETTER_NOT_FOUND",
      "DEAD_LETTER_STATE_CONFLICT",
      "JOB_STATE_CONFLICT",
      "BUS_UNAVAILABLE",
    ],
  },
  dropDeadLetter: {
    method: "DELETE",
    path: "/dead-letters/{id}",
    summary: "Drop a dead letter",
    params: id,
    headers: keyed,
    reply: { status: 200, schema: ReplayReply },
    problems: [...BARE_COMMAND, "DEAD_LETTER_NOT_FOUND"],
  },
  pauseQueue: {
    method: "POST",
    path: "/queues/{type}/pause",
    summary: "Stop claims of a job type; jobs are still accepted",
    params: queueType,
    headers: keyed,
    reply: { status: 200, schema: PauseReply },
    problems: [...COMMAND, "VALIDATION_FAILED", "UNKNOWN_JOB_TYPE"],
  },
  resumeQueue: {
    method: "POST",
    path: "/queues/{type}/resume",
    summary: "Allow claims of a job type again",
    params: queueType,
    headers: keyed,
    reply: { status: 200, schema: PauseReply },
    problems: [...COMMAND, "VALIDATION_FAILED", "UNKNOWN_JOB_TYPE"],
  },
  listJobTypes: {
    method: "GET",
    path: "/job-types",
    summary: "The job types, with payload schema, retry policy and an example",
    reply: { status: 200, schema: JobTypesReply },
    problems: [],
  },
} as const satisfies Record<string, Route>;

const limit = Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50 }));
const cursor = Type.Optional(Type.String({ minLength: 1, maxLength: 200 }));

/** What every list takes beside its filter. */
export const PAGE_QUERY = { limit, cursor };

/** The read-model's routes: queries, and the webhook that refreshes alerts. */
export const READ_MODEL_ROUTES = {
  overview: {
    method: "GET",
    path: "/overview",
    summary: "Everything a first screen needs, in one reply; parts whose store is down are named",
    reply: { status: 200, schema: Overview },
    problems: [],
  },
  stats: {
    method: "GET",
    path: "/stats",
    summary: "Totals by status, observed counters, latency percentiles",
    reply: { status: 200, schema: Stats },
    problems: ["STORE_UNAVAILABLE"],
  },
  listJobs: {
    method: "GET",
    path: "/jobs",
    summary: "Jobs, newest first, that match a filter",
    query: { ...JOB_FILTER_QUERY, ...PAGE_QUERY },
    reply: { status: 200, schema: JobPage },
    problems: [...QUERY, "INVALID_CURSOR"],
  },
  recentJobs: {
    method: "GET",
    path: "/jobs/recent",
    summary: "The newest jobs",
    query: { limit },
    reply: { status: 200, schema: JobPage },
    problems: QUERY,
  },
  jobDetail: {
    method: "GET",
    path: "/jobs/{id}",
    summary:
      "One job with its transitions, attempts, children and events; where it never became a row, with its dead letter",
    params: id,
    reply: { status: 200, schema: JobDetail },
    problems: ["INVALID_ID", "JOB_NOT_FOUND", "STORE_UNAVAILABLE"],
  },
  jobTimeline: {
    method: "GET",
    path: "/jobs/{id}/timeline",
    summary: "One job's hops, transitions, attempts, log lines and events in the order of time",
    params: id,
    reply: { status: 200, schema: Timeline },
    problems: ["INVALID_ID", "JOB_NOT_FOUND", "STORE_UNAVAILABLE"],
  },
  listEvents: {
    method: "GET",
    path: "/events",
    summary: "Stored events: of one job in the order of sequence, else the newest first",
    query: { jobId: Type.Optional(Uuid), eventType: Type.Optional(StringEnum(EVENT_TYPES)), limit, cursor },
    reply: { status: 200, schema: EventPage },
    problems: [...QUERY, "INVALID_CURSOR"],
  },
  listDeadLetters: {
    method: "GET",
    path: "/dead-letters",
    summary: "Dead letters that match a filter, newest first; bodies are cut at 4 KiB",
    query: { ...DEAD_LETTER_FILTER_QUERY, ...PAGE_QUERY },
    reply: { status: 200, schema: DeadLetterPage },
    problems: [...QUERY, "INVALID_CURSOR"],
  },
  deadLetter: {
    method: "GET",
    path: "/dead-letters/{id}",
    summary: "One dead letter with its original message",
    params: id,
    reply: { status: 200, schema: DeadLetter },
    problems: ["INVALID_ID", "DEAD_LETTER_NOT_FOUND", "STORE_UNAVAILABLE"],
  },
  queues: {
    method: "GET",
    path: "/queues",
    summary: "Waiting, scheduled and running jobs by type, and the bus's queues",
    reply: { status: 200, schema: QueuesReply },
    problems: ["STORE_UNAVAILABLE"],
  },
  workers: {
    method: "GET",
    path: "/workers",
    summary: "Processors, their heartbeats and what they run",
    reply: { status: 200, schema: WorkersReply },
    problems: ["STORE_UNAVAILABLE"],
  },
  alerts: {
    method: "GET",
    path: "/alerts",
    summary: "Alerts, asked of Alertmanager and kept for 2 s",
    reply: { status: 200, schema: AlertsReply },
    problems: ["STORE_UNAVAILABLE"],
  },
  runbook: {
    method: "GET",
    path: "/runbooks/{name}",
    summary: "The runbook of an alert, as a page",
    params: { name: Type.String({ minLength: 1, maxLength: 64 }) },
    reply: { status: 200, schema: Type.String(), contentType: "text/html" },
    problems: ["ROUTE_NOT_FOUND"],
  },
  ledger: {
    method: "GET",
    path: "/ledger",
    summary: "The balance of accepted jobs by id: nothing lost, unobserved or duplicated",
    query: {
      settleMs: Type.Optional(
        IntegerEnum(SETTLE_TIMES_MS, { default: 5_000, description: "How far the watermark is kept back" }),
      ),
    },
    reply: { status: 200, schema: Ledger },
    problems: QUERY,
  },
  series: {
    method: "GET",
    path: "/series",
    summary: "Per-minute series: counts and percentiles by job type, queue depths, workers",
    query: {
      metric: StringEnum([
        "submitted",
        "completed",
        "failed",
        "retried",
        "cancelled",
        "rejected",
        "execution.p50",
        "execution.p95",
        "execution.p99",
        "queueWait.p50",
        "queueWait.p95",
        "queueWait.p99",
        "queue.waiting",
        "queue.executing",
        "workers.busy",
        "workers.slots",
      ] as const),
      type: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
      minutes: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_440, default: 60 })),
    },
    reply: { status: 200, schema: SeriesReply },
    problems: QUERY,
  },
  stream: {
    method: "GET",
    path: "/stream",
    summary: "Live changes as server-sent events; resumes after `Last-Event-ID`",
    headers: { "last-event-id": Type.Optional(Type.String({ maxLength: 64 })) },
    reply: { status: 200, schema: Type.String(), contentType: "text/event-stream" },
    problems: ["STORE_UNAVAILABLE", "STOPPING", "OVERLOADED", "INVALID_CURSOR"],
  },
  alertWebhook: {
    method: "POST",
    path: "/webhook/alerts",
    summary: "Alertmanager's webhook: triggers a refresh of the alerts",
    headers: { authorization: Type.Optional(Type.String({ maxLength: 512 })) },
    body: { schema: AlertWebhook },
    reply: { status: 200, schema: Type.Object({ refreshed: Type.Boolean() }) },
    problems: [...BODY, "UNAUTHORIZED"],
  },
} as const satisfies Record<string, Route>;
