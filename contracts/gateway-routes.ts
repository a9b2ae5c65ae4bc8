import { Type } from "@sinclair/typebox";
import {
  Acceptance,
  ActionReply,
  ActionRequest,
  BatchAcceptance,
  BatchRequest,
  CountCheck,
  DeadLetterActionReply,
  DeadLetterActionRequest,
  IdempotencyKey,
  JobRequest,
  JobState,
  JobTypesReply,
  PauseReply,
  PurgeRequest,
  ReplayReply,
  ReplayRequest,
} from "./api-commands.ts";
import type { ProblemCode } from "./problem.ts";
import { BODY_PROBLEMS, ID_PARAM, type Route } from "./route.ts";
import { Uuid } from "./schema.ts";

const SUBMIT: readonly ProblemCode[] = [
  ...BODY_PROBLEMS,
  "READ_ONLY",
  "OVERLOADED",
  "BUS_UNAVAILABLE",
  "STOPPING",
];
const COMMAND: readonly ProblemCode[] = [
  "READ_ONLY",
  "IDEMPOTENCY_CONFLICT",
  "PROCESSOR_UNAVAILABLE",
  "STORE_UNAVAILABLE",
];
/** Without a body, only a command's id and its idempotency key can be invalid. */
const BARE_COMMAND: readonly ProblemCode[] = [...COMMAND, "INVALID_ID", "VALIDATION_FAILED"];

/** Accepts any text, because W3C Trace Context requires an invalid value to be ignored rather than refused. */
const TraceparentHeader = Type.String({
  description: "The caller's W3C Trace Context; the job continues this trace",
});

const KEYED = { "idempotency-key": Type.Optional(IdempotencyKey) };
const QUEUE_TYPE = { type: Type.String({ minLength: 1, maxLength: 64 }) };

/** The gateway's routes: commands, and the few reads that belong to them. */
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
    summary: "Submit up to 1,000 jobs; each is accepted or refused individually",
    body: { schema: BatchRequest },
    reply: { status: 202, schema: BatchAcceptance },
    problems: SUBMIT,
  },
  access: {
    method: "GET",
    path: "/access",
    summary: "Check whether this gateway accepts commands and, if not, why",
    reply: {
      status: 200,
      schema: Type.Object({
        readOnly: Type.Boolean(),
        reason: Type.Optional(
          Type.String({ description: "The reason in plain words; set only if the gateway is read-only" }),
        ),
      }),
    },
    problems: [],
  },
  findJob: {
    method: "GET",
    path: "/jobs/{id}",
    summary: "Redirect to the job's URL in the read model, which returns its state and history",
    params: ID_PARAM,
    reply: {
      status: 307,
      schema: Type.Object({
        jobId: Uuid,
        href: Type.String({ description: "The job's URL in the read model, as in `Location`" }),
        timeline: Type.String({ description: "The URL of the job's history, oldest entry first" }),
      }),
    },
    problems: ["INVALID_ID"],
  },
  cancelJob: {
    method: "POST",
    path: "/jobs/{id}/cancel",
    summary: "Cancel a job, before or while it runs",
    params: ID_PARAM,
    headers: KEYED,
    reply: { status: 200, schema: JobState },
    problems: [...BARE_COMMAND, "JOB_NOT_FOUND", "JOB_PRUNED", "JOB_STATE_CONFLICT"],
  },
  retryJob: {
    method: "POST",
    path: "/jobs/{id}/retry",
    summary: "Run a failed or cancelled job again; its old attempts are kept",
    params: ID_PARAM,
    headers: KEYED,
    reply: { status: 200, schema: JobState },
    problems: [...BARE_COMMAND, "JOB_NOT_FOUND", "JOB_PRUNED", "JOB_STATE_CONFLICT"],
  },
  actOnJobs: {
    method: "POST",
    path: "/jobs/actions",
    summary:
      "Retry or cancel every job that matches a filter. A large action continues in the background; follow its progress at /jobs/actions/{id}",
    body: { schema: ActionRequest },
    headers: KEYED,
    reply: { status: 200, schema: ActionReply },
    problems: [...BODY_PROBLEMS, ...COMMAND],
  },
  purgeJobs: {
    method: "POST",
    path: "/jobs/purge",
    summary:
      "Delete every job that has ended and matches a filter, together with its history; follow the progress at /jobs/actions/{id}",
    body: { schema: PurgeRequest },
    headers: KEYED,
    reply: { status: 200, schema: ActionReply },
    problems: [...BODY_PROBLEMS, ...COMMAND],
  },
  jobAction: {
    method: "GET",
    path: "/jobs/actions/{id}",
    summary: "Get the progress of a bulk action on jobs",
    params: ID_PARAM,
    reply: { status: 200, schema: ActionReply },
    problems: ["INVALID_ID", "ACTION_NOT_FOUND", "PROCESSOR_UNAVAILABLE", "STORE_UNAVAILABLE"],
  },
  cancelJobAction: {
    method: "POST",
    path: "/jobs/actions/{id}/cancel",
    summary: "Stop a bulk action on jobs; changes already made are kept",
    params: ID_PARAM,
    headers: KEYED,
    reply: { status: 200, schema: ActionReply },
    problems: [...BARE_COMMAND, "ACTION_NOT_FOUND"],
  },
  actOnDeadLetters: {
    method: "POST",
    path: "/dead-letters/actions",
    summary: "Replay or drop every dead letter that matches a filter",
    body: { schema: DeadLetterActionRequest },
    headers: KEYED,
    reply: { status: 200, schema: DeadLetterActionReply },
    problems: [...BODY_PROBLEMS, ...COMMAND],
  },
  deadLetterAction: {
    method: "GET",
    path: "/dead-letters/actions/{id}",
    summary: "Get the progress of a bulk action on dead letters",
    params: ID_PARAM,
    reply: { status: 200, schema: DeadLetterActionReply },
    problems: ["INVALID_ID", "ACTION_NOT_FOUND", "PROCESSOR_UNAVAILABLE", "STORE_UNAVAILABLE"],
  },
  cancelDeadLetterAction: {
    method: "POST",
    path: "/dead-letters/actions/{id}/cancel",
    summary: "Stop a bulk action on dead letters; changes already made are kept",
    params: ID_PARAM,
    headers: KEYED,
    reply: { status: 200, schema: DeadLetterActionReply },
    problems: [...BARE_COMMAND, "ACTION_NOT_FOUND"],
  },
  replayDeadLetter: {
    method: "POST",
    path: "/dead-letters/{id}/replay",
    summary: "Replay a dead letter as it was, or edited",
    params: ID_PARAM,
    body: { schema: ReplayRequest, optional: true, maxBytes: 524_288 },
    headers: KEYED,
    reply: { status: 200, schema: ReplayReply },
    problems: [
      ...BODY_PROBLEMS,
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
    params: ID_PARAM,
    headers: KEYED,
    reply: { status: 200, schema: ReplayReply },
    problems: [...BARE_COMMAND, "DEAD_LETTER_NOT_FOUND"],
  },
  pauseQueue: {
    method: "POST",
    path: "/queues/{type}/pause",
    summary: "Stop claiming jobs of a type; new ones are still accepted",
    params: QUEUE_TYPE,
    headers: KEYED,
    reply: { status: 200, schema: PauseReply },
    problems: [...COMMAND, "VALIDATION_FAILED", "UNKNOWN_JOB_TYPE"],
  },
  resumeQueue: {
    method: "POST",
    path: "/queues/{type}/resume",
    summary: "Resume claiming jobs of a type",
    params: QUEUE_TYPE,
    headers: KEYED,
    reply: { status: 200, schema: PauseReply },
    problems: [...COMMAND, "VALIDATION_FAILED", "UNKNOWN_JOB_TYPE"],
  },
  checkCounts: {
    method: "POST",
    path: "/counts/check",
    summary:
      "Count every job, and correct the job counts that the store maintains with each change. On a large store the request may time out first; if so, repeat it with the same idempotency key",
    headers: KEYED,
    reply: { status: 200, schema: CountCheck },
    problems: [...COMMAND, "VALIDATION_FAILED"],
  },
  listJobTypes: {
    method: "GET",
    path: "/job-types",
    summary: "List the job types, each with its payload schema, retry policy and an example",
    reply: { status: 200, schema: JobTypesReply },
    problems: [],
  },
} as const satisfies Record<string, Route>;
