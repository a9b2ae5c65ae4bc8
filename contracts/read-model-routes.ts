import { Type } from "@sinclair/typebox";
import { AlertWebhook } from "./alert.ts";
import {
  AlertsReply,
  DeadLetterPage,
  EventPage,
  JobDetail,
  JobPage,
  Ledger,
  LedgerAudit,
  Overview,
  QueuesReply,
  Retention,
  SETTLE_TIMES_MS,
  SeriesReply,
  Stats,
  Timeline,
  WorkersReply,
} from "./api-queries.ts";
import { DeadLetter } from "./dead-letter.ts";
import { EVENT_TYPES } from "./events.ts";
import { DEAD_LETTER_FILTER_QUERY, JOB_FILTER_QUERY } from "./filter-schema.ts";
import { PAGE_QUERY } from "./page-query.ts";
import type { ProblemCode } from "./problem.ts";
import { BODY_PROBLEMS, defaulted, ID_PARAM, type Route } from "./route.ts";
import { IntegerEnum, StringEnum, Uuid } from "./schema.ts";

const QUERY: readonly ProblemCode[] = ["INVALID_QUERY", "STORE_UNAVAILABLE"];
const { limit, cursor } = PAGE_QUERY;

/** The read-model's routes: queries, and the webhook that refreshes alerts. */
export const READ_MODEL_ROUTES = {
  overview: {
    method: "GET",
    path: "/overview",
    summary:
      "Get everything that a client's overview screen needs; `unavailable` names the parts whose store does not answer",
    reply: { status: 200, schema: Overview },
    problems: [],
  },
  stats: {
    method: "GET",
    path: "/stats",
    summary: "Get the number of jobs by status, the observed counters and the latency percentiles",
    reply: { status: 200, schema: Stats },
    problems: ["STORE_UNAVAILABLE"],
  },
  listJobs: {
    method: "GET",
    path: "/jobs",
    summary: "List the jobs that match a filter, newest first",
    query: { ...JOB_FILTER_QUERY, ...PAGE_QUERY },
    filter: "jobs",
    reply: { status: 200, schema: JobPage },
    problems: [...QUERY, "INVALID_CURSOR"],
  },
  recentJobs: {
    method: "GET",
    path: "/jobs/recent",
    summary: "List the newest jobs",
    query: { limit },
    reply: { status: 200, schema: JobPage },
    problems: QUERY,
  },
  jobDetail: {
    method: "GET",
    path: "/jobs/{id}",
    summary:
      "Get one job with its transitions, attempts, children and events, plus its dead letter if the job store has no row for it",
    params: ID_PARAM,
    reply: { status: 200, schema: JobDetail },
    problems: ["INVALID_ID", "JOB_NOT_FOUND", "JOB_PRUNED", "STORE_UNAVAILABLE"],
  },
  jobTimeline: {
    method: "GET",
    path: "/jobs/{id}/timeline",
    summary:
      "List one job's hops (when each service handled it), transitions, attempts, log lines and events in chronological order",
    params: ID_PARAM,
    reply: { status: 200, schema: Timeline },
    problems: ["INVALID_ID", "JOB_NOT_FOUND", "JOB_PRUNED", "STORE_UNAVAILABLE"],
  },
  listEvents: {
    method: "GET",
    path: "/events",
    summary: "List stored events, newest first, or the events of one job by sequence",
    query: { jobId: Type.Optional(Uuid), eventType: Type.Optional(StringEnum(EVENT_TYPES)), limit, cursor },
    reply: { status: 200, schema: EventPage },
    problems: [...QUERY, "INVALID_CURSOR"],
  },
  listDeadLetters: {
    method: "GET",
    path: "/dead-letters",
    summary: "List the dead letters that match a filter, newest first; bodies are truncated to 4 KiB",
    query: { ...DEAD_LETTER_FILTER_QUERY, ...PAGE_QUERY },
    filter: "deadLetters",
    reply: { status: 200, schema: DeadLetterPage },
    problems: [...QUERY, "INVALID_CURSOR"],
  },
  deadLetter: {
    method: "GET",
    path: "/dead-letters/{id}",
    summary: "Get one dead letter with its original message",
    params: ID_PARAM,
    reply: { status: 200, schema: DeadLetter },
    problems: ["INVALID_ID", "DEAD_LETTER_NOT_FOUND", "STORE_UNAVAILABLE"],
  },
  queues: {
    method: "GET",
    path: "/queues",
    summary:
      "Get the number of waiting, scheduled and running jobs by type, and the state of the bus's queues",
    reply: { status: 200, schema: QueuesReply },
    problems: ["STORE_UNAVAILABLE"],
  },
  workers: {
    method: "GET",
    path: "/workers",
    summary: "List the processors, their heartbeats and what they run",
    reply: { status: 200, schema: WorkersReply },
    problems: ["STORE_UNAVAILABLE"],
  },
  alerts: {
    method: "GET",
    path: "/alerts",
    summary: "List the alerts from Alertmanager, which are cached for 2 s",
    reply: { status: 200, schema: AlertsReply },
    problems: ["STORE_UNAVAILABLE"],
  },
  runbook: {
    method: "GET",
    path: "/runbooks/{name}",
    summary: "Get the runbook of an alert as a page",
    params: { name: Type.String({ minLength: 1, maxLength: 64 }) },
    reply: { status: 200, schema: Type.String(), contentType: "text/html" },
    problems: ["ROUTE_NOT_FOUND"],
  },
  ledger: {
    method: "GET",
    path: "/ledger",
    summary:
      "Get the balance of accepted jobs by id, which shows whether any are lost, unobserved or duplicated",
    query: {
      settleMs: defaulted(
        IntegerEnum(SETTLE_TIMES_MS, {
          description:
            "How many milliseconds to hold back the watermark, which is the time up to which jobs are compared",
        }),
        5_000,
      ),
    },
    reply: { status: 200, schema: Ledger },
    problems: QUERY,
  },
  auditLedger: {
    method: "POST",
    path: "/ledger/audit",
    summary:
      "Start an audit that checks every sealed span of the ledger again, or return the audit in progress",
    reply: { status: 200, schema: LedgerAudit },
    problems: ["STORE_UNAVAILABLE"],
  },
  ledgerAudit: {
    method: "GET",
    path: "/ledger/audit/{id}",
    summary:
      "Get the progress of a ledger audit and the current number of lost, unobserved and duplicated jobs",
    params: ID_PARAM,
    reply: { status: 200, schema: LedgerAudit },
    problems: ["INVALID_ID", "ACTION_NOT_FOUND", "STORE_UNAVAILABLE"],
  },
  retention: {
    method: "GET",
    path: "/retention",
    summary: "List the retention rules: how long each kind of record is kept",
    reply: { status: 200, schema: Retention },
    problems: ["STORE_UNAVAILABLE"],
  },
  series: {
    method: "GET",
    path: "/series",
    summary:
      "Get a metric minute by minute: a count or percentile by job type, a queue depth, or the busy or total worker slots",
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
      minutes: defaulted(Type.Integer({ minimum: 1, maximum: 1_440 }), 60),
    },
    reply: { status: 200, schema: SeriesReply },
    problems: QUERY,
  },
  stream: {
    method: "GET",
    path: "/stream",
    summary: "Stream live changes as server-sent events; `Last-Event-ID` resumes after that event",
    headers: { "last-event-id": Type.Optional(Type.String({ maxLength: 64 })) },
    reply: { status: 200, schema: Type.String(), contentType: "text/event-stream" },
    problems: ["STORE_UNAVAILABLE", "STOPPING", "OVERLOADED", "INVALID_CURSOR"],
  },
  alertWebhook: {
    method: "POST",
    path: "/webhook/alerts",
    summary: "Refresh the alerts; Alertmanager calls this webhook",
    headers: { authorization: Type.Optional(Type.String({ maxLength: 512 })) },
    body: { schema: AlertWebhook, maxBytes: 1_048_576 },
    reply: { status: 200, schema: Type.Object({ refreshed: Type.Boolean() }) },
    problems: [...BODY_PROBLEMS, "UNAUTHORIZED"],
  },
} as const satisfies Record<string, Route>;
