import { type Static, Type } from "@sinclair/typebox";
import { Count, JsonObject, Millis, published, StringEnum, Timestamp, Uuid } from "./schema.ts";

export const JOB_STATUSES = [
  "PENDING",
  "VALIDATED",
  "SCHEDULED",
  "EXECUTING",
  "RETRYING",
  "COMPLETED",
  "FAILED",
  "CANCELLED",
  "REJECTED",
] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];
export const JobStatus = StringEnum(JOB_STATUSES);

/** Statuses from which a job may be claimed once its `runAt` has passed. */
export const WAITING_STATUSES = [
  "VALIDATED",
  "SCHEDULED",
  "RETRYING",
] as const satisfies readonly JobStatus[];
export const TERMINAL_STATUSES = [
  "COMPLETED",
  "FAILED",
  "CANCELLED",
  "REJECTED",
] as const satisfies readonly JobStatus[];

/**
 * The legal transitions between a job's statuses; `null` means that the job has no row yet. A job whose worker is lost
 * goes to RETRYING. A person's retry takes a FAILED or CANCELLED job to VALIDATED. Replaying a REJECTED job's dead
 * letter takes the job to VALIDATED or SCHEDULED.
 */
export const LEGAL_MOVES: Readonly<Record<JobStatus | "null", readonly JobStatus[]>> = {
  null: ["PENDING"],
  PENDING: ["VALIDATED", "SCHEDULED", "REJECTED"],
  VALIDATED: ["EXECUTING", "CANCELLED"],
  SCHEDULED: ["EXECUTING", "CANCELLED"],
  EXECUTING: ["COMPLETED", "RETRYING", "FAILED", "CANCELLED"],
  RETRYING: ["EXECUTING", "CANCELLED"],
  COMPLETED: [],
  FAILED: ["VALIDATED"],
  CANCELLED: ["VALIDATED"],
  REJECTED: ["VALIDATED", "SCHEDULED"],
};

/** Whether a job may go from one status to another. `from` is null if the job has no row yet. */
export function isLegalMove(from: JobStatus | null, to: JobStatus): boolean {
  return LEGAL_MOVES[from ?? "null"].includes(to);
}

export function isTerminal(status: JobStatus): boolean {
  return (TERMINAL_STATUSES as readonly JobStatus[]).includes(status);
}

export const ORIGIN_KINDS = ["retry", "edit", "replay", "fan-out"] as const;

export const JobError = Type.Object({
  code: Type.String({
    description: "A stable code, such as HANDLER_ERROR, DEADLINE_EXCEEDED or WORKER_LOST",
  }),
  message: Type.String(),
  fingerprint: Type.Optional(
    Type.String({
      description:
        "A hash of the error without ids, numbers and quoted text, so errors with the same cause share it",
    }),
  ),
});
export type JobError = Static<typeof JobError>;

/** An error as its attempt stores it. Jobs and events leave out the stack and the cause. */
export const AttemptError = Type.Object({
  ...JobError.properties,
  stack: Type.Optional(
    Type.String({ maxLength: 4_096, description: "The files and lines where the error was thrown" }),
  ),
  cause: Type.Optional(
    Type.String({ maxLength: 4_096, description: "The cause of the error, with its stack" }),
  ),
});
export type AttemptError = Static<typeof AttemptError>;

export const JobProgress = Type.Object({
  fraction: Type.Number({ minimum: 0, maximum: 1 }),
  note: Type.Optional(Type.String({ maxLength: 200 })),
  at: Timestamp,
});
export type JobProgress = Static<typeof JobProgress>;

/** A job as the APIs show it. `id`, `type`, `status` and `createdAt` are always present. */
export const Job = published(
  "job",
  "1.1.1",
  Type.Object({
    id: Uuid,
    type: Type.String({ minLength: 1, maxLength: 64 }),
    status: JobStatus,
    createdAt: Timestamp,
    updatedAt: Type.Optional(Timestamp),
    payload: Type.Optional(JsonObject),
    metadata: Type.Optional(JsonObject),
    correlationId: Type.Optional(Uuid),
    idempotencyKey: Type.Optional(Type.String()),
    priority: Type.Optional(Type.Integer({ minimum: 0, maximum: 9 })),
    runAt: Type.Optional(Timestamp),
    startedAt: Type.Optional(Timestamp),
    finishedAt: Type.Optional(Timestamp),
    sequence: Type.Optional(Count),
    run: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: "The number of the newest run: 1 plus the number of retries requested by a person",
      }),
    ),
    attempt: Type.Optional(
      Type.Integer({
        minimum: 0,
        description:
          "The number of the newest attempt. It counts over all runs, so it may exceed `maxAttempts`",
      }),
    ),
    tries: Type.Optional(
      Type.Integer({
        minimum: 0,
        description:
          "The number of tries in this run, including the running one; `maxAttempts` limits it. An attempt lost with its worker does not count",
      }),
    ),
    maxAttempts: Type.Optional(
      Type.Integer({ minimum: 1, description: "The number of tries allowed per run" }),
    ),
    deadlineMs: Type.Optional(Type.Integer({ minimum: 1 })),
    workerId: Type.Optional(Type.String()),
    cancelRequested: Type.Optional(Type.Boolean()),
    progress: Type.Optional(JobProgress),
    result: Type.Optional(Type.Unknown()),
    error: Type.Optional(JobError),
    durationMs: Type.Optional(Millis),
    queueWaitMs: Type.Optional(Millis),
    parentId: Type.Optional(Uuid),
    originId: Type.Optional(Uuid),
    originKind: Type.Optional(StringEnum(ORIGIN_KINDS)),
    traceparent: Type.Optional(Type.String()),
  }),
);
export type Job = Static<typeof Job>;

/** The length of a preview in characters, as PostgreSQL counts them. One character may take two UTF-16 code units. */
export const PREVIEW_CHARACTERS = 200;
const Preview = (of: string) =>
  Type.String({
    maxLength: 2 * PREVIEW_CHARACTERS,
    description: `The first ${PREVIEW_CHARACTERS} characters of the ${of} as JSON, cut at any point`,
  });

/** A job as a list shows it, with previews of values that may be large. `GET /jobs/{id}` returns them in full. */
export const JobSummary = published(
  "job-summary",
  "1.1.1",
  Type.Object({
    ...Type.Omit(Job, [
      "payload",
      "metadata",
      "result",
      "error",
      "deadlineMs",
      "idempotencyKey",
      "traceparent",
    ]).properties,
    error: Type.Optional(
      Type.Object({
        code: Type.String(),
        message: Type.String({ maxLength: 2 * PREVIEW_CHARACTERS }),
        fingerprint: Type.Optional(Type.String()),
      }),
    ),
    payloadPreview: Type.Optional(Preview("payload")),
    resultPreview: Type.Optional(Preview("result")),
  }),
);
export type JobSummary = Static<typeof JobSummary>;

export const ATTEMPT_OUTCOMES = ["succeeded", "failed", "timed-out", "cancelled", "lost"] as const;
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];

export const LogLine = Type.Object({ at: Timestamp, message: Type.String({ maxLength: 500 }) });
export type LogLine = Static<typeof LogLine>;

/** One execution of a handler. Attempts are numbered from 1 over the job's whole life. */
export const Attempt = published(
  "attempt",
  "1.1.1",
  Type.Object({
    attempt: Type.Integer({ minimum: 1 }),
    run: Type.Integer({ minimum: 1 }),
    workerId: Type.String(),
    outcome: StringEnum(ATTEMPT_OUTCOMES),
    startedAt: Timestamp,
    finishedAt: Timestamp,
    durationMs: Millis,
    queueWaitMs: Millis,
    error: Type.Optional(AttemptError),
    logs: Type.Array(LogLine),
  }),
);
export type Attempt = Static<typeof Attempt>;

/**
 * A change of status, ordered by `sequence`. The numbers may have gaps, because the event `job.executed` takes a number
 * but changes no status.
 */
export const Transition = published(
  "transition",
  "1.0.1",
  Type.Object({
    sequence: Count,
    run: Type.Integer({ minimum: 1 }),
    from: Type.Union([JobStatus, Type.Null()]),
    to: JobStatus,
    attempt: Count,
    eventId: Uuid,
    at: Timestamp,
    detail: Type.Optional(JsonObject),
  }),
);
export type Transition = Static<typeof Transition>;
