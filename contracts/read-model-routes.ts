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
    summary: "Everything a first screen needs, in one reply; parts whose store is down are named",
    reply: { status: 200, schema: Overview },
    problems: [],
  },
  stats: {
    method: "GET",
    path: "/stats",
    summary: "Totals by status, observed counters and latency percentiles",
    reply: { status: 200, schema: Stats },
    problems: ["STORE_UNAVAILABLE"],
  },
  listJobs: {
    method: "GET",
    path: "/jobs",
    summary: "Jobs, newest first, that match a filter",
    query: { ...JOB_FILTER_QUERY, ...PAGE_QUERY },
    filter: "jobs",
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
      "One job with its transitions, attempts, children and events, and its dead letter if it never became a row",
    params: ID_PARAM,
    reply: { status: 200, schema: JobDetail },
    problems: ["INVALID_ID", "JOB_NOT_FOUND", "JOB_PRUNED", "STORE_UNAVAILABLE"],
  },
  jobTimeline: {
    method: "GET",
    path: "/jobs/{id}/timeline",
    summary: "One job's hops, transitions, attempts, log lines and events in chronological order",
    params: ID_PARAM,
    reply: { status: 200, schema: Timeline },
    problems: ["INVALID_ID", "JOB_NOT_FOUND", "JOB_PRUNED", "STORE_UNAVAILABLE"],
  },
  listEvents: {
    method: "GET",
    path: "/events",
    summary: "Stored events: those of one job by sequence, otherwise newest first",
    query: { jobId: Type.Optional(Uuid), eventType: Type.Optional(StringEnum(EVENT_TYPES)), limit, cursor },
    reply: { status: 200, schema: EventPage },
    problems: [...QUERY, "INVALID_CURSOR"],
  },
  listDeadLetters: {
    method: "GET",
    path: "/dead-letters",
    summary: "Dead letters that match a filter, newest first; bodies are cut at 4 KiB",
    query: { ...DEAD_LETTER_FILTER_QUERY, ...PAGE_QUERY },
    filter: "deadLetters",
    reply: { status: 200, schema: DeadLetterPage },
    problems: [...QUERY, "INVALID_CURSOR"],
  },
  deadLetter: {
    method: "GET",
    path: "/dead-letters/{id}",
    summary: "One dead letter with its original message",
    params: ID_PARAM,
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
    summary: "Alerts from Alertmanager, cached for 2 s",
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
      settleMs: defaulted(
        IntegerEnum(SETTLE_TIMES_MS, { description: "How far the watermark is held back" }),
        5_000,
      ),
    },
    reply: { status: 200, schema: Ledger },
    problems: QUERY,
  },
  auditLedger: {
    method: "POST",
    path: "/ledger/audit",
    summary: "Judge every sealed span again in the background; returns an audit already in progress, if any",
    reply: { status: 200, schema: LedgerAudit },
    problems: ["STORE_UNAVAILABLE"],
  },
  ledgerAudit: {
    method: "GET",
    path: "/ledger/audit/{id}",
    summary: "Progress of a ledger audit, and how many jobs are accused now",
    params: ID_PARAM,
    reply: { status: 200, schema: LedgerAudit },
    problems: ["INVALID_ID", "ACTION_NOT_FOUND", "STORE_UNAVAILABLE"],
  },
  retention: {
    method: "GET",
    path: "/retention",
    summary: "What is kept, and until when",
    reply: { status: 200, schema: Retention },
    problems: ["STORE_UNAVAILABLE"],
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
      minutes: defaulted(Type.Integer({ minimum: 1, maximum: 1_440 }), 60),
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
    body: { schema: AlertWebhook, maxBytes: 1_048_576 },
    reply: { status: 200, schema: Type.Object({ refreshed: Type.Boolean() }) },
    problems: [...BODY_PROBLEMS, "UNAUTHORIZED"],
  },
} as const satisfies Record<string, Route>;
