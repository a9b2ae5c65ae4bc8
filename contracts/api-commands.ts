import { type Static, Type } from "@sinclair/typebox";
import { DeadLetterFilter, FilterText, JobFilter } from "./filter-schema.ts";
import { JobStatus } from "./job.ts";
import { JobTypeInfo } from "./job-type.ts";
import { Problem } from "./problem.ts";
import { Count, JsonObject, published, StringEnum, Timestamp, Uuid } from "./schema.ts";

export const MAX_BATCH_JOBS = 1_000;
export const IdempotencyKey = Type.String({ minLength: 1, maxLength: 255, pattern: "^[\\x20-\\x7e]+$" });

/** A job as submitted. The schema is closed, so a misspelled field is refused rather than ignored. */
export const JobRequest = published(
  "job-request",
  "1.1.2",
  Type.Object(
    {
      type: Type.String({
        minLength: 1,
        maxLength: 64,
        description: "The name of a job type that `GET /job-types` lists",
      }),
      payload: Type.Optional(JsonObject),
      priority: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: 9,
          default: 5,
          description: "The priority of the job; jobs of priority 9 are claimed first",
        }),
      ),
      runAt: Type.Optional(Timestamp),
      maxAttempts: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
      deadlineMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400_000 })),
      metadata: Type.Optional(JsonObject),
      idempotencyKey: Type.Optional(IdempotencyKey),
      originId: Type.Optional({
        ...Uuid,
        description: "The id of the job that was edited to create this one",
      }),
    },
    { additionalProperties: false },
  ),
);
export type JobRequest = Static<typeof JobRequest>;

/** The reply to an accepted job: only its ids. */
export const Acceptance = published(
  "acceptance",
  "1.0.0",
  Type.Object({ jobId: Uuid, eventId: Uuid }, { additionalProperties: false }),
);
export type Acceptance = Static<typeof Acceptance>;

/** Accepts anything, so one invalid item does not fail the batch. The first choice documents the intended shape. */
const BatchItem = Type.Union([JobRequest, Type.Unknown()], {
  description:
    "A job request. An invalid item is refused, and the result contains its index; the other items are still accepted",
});

export const BatchRequest = published(
  "batch-request",
  "1.2.2",
  Type.Object(
    { jobs: Type.Array(BatchItem, { minItems: 1, maxItems: MAX_BATCH_JOBS }) },
    { additionalProperties: false },
  ),
);

export const BatchAcceptance = published(
  "batch-acceptance",
  "1.0.0",
  Type.Object({
    accepted: Count,
    refused: Count,
    results: Type.Array(
      Type.Union([
        Type.Object({ index: Count, jobId: Uuid, eventId: Uuid }),
        Type.Object({ index: Count, problem: Problem }),
      ]),
    ),
  }),
);
export type BatchAcceptance = Static<typeof BatchAcceptance>;

export const JobState = published(
  "job-state",
  "1.1.1",
  Type.Object({
    jobId: Uuid,
    status: JobStatus,
    cancelRequested: Type.Boolean({ description: "Whether a running attempt is being stopped" }),
    note: Type.Optional(
      Type.String({ description: "Why the job will not start yet, and what to do about it" }),
    ),
  }),
);
export type JobState = Static<typeof JobState>;

const DryRun = Type.Optional(
  Type.Boolean({ default: false, description: "Counts what would change, but changes nothing" }),
);
const All = Type.Optional(
  Type.Boolean({ default: false, description: "Allows an empty filter, which matches everything" }),
);

export const ActionRequest = published(
  "action-request",
  "1.3.3",
  Type.Object(
    {
      action: StringEnum(["retry", "cancel"]),
      filter: Type.Union([JobFilter, FilterText]),
      all: All,
      dryRun: DryRun,
    },
    { additionalProperties: false },
  ),
);
export type ActionRequest = Static<typeof ActionRequest>;

/** Closed, like every request: ignoring a misspelled filter key would make a purge delete too much. */
export const PurgeRequest = published(
  "purge-request",
  "1.0.3",
  Type.Object(
    { filter: Type.Union([JobFilter, FilterText]), all: All, dryRun: DryRun },
    { additionalProperties: false },
  ),
);
export type PurgeRequest = Static<typeof PurgeRequest>;

export const DeadLetterActionRequest = published(
  "dead-letter-action-request",
  "1.1.2",
  Type.Object(
    {
      action: StringEnum(["replay", "drop"]),
      filter: Type.Union([DeadLetterFilter, FilterText]),
      all: All,
      dryRun: DryRun,
    },
    { additionalProperties: false },
  ),
);
export type DeadLetterActionRequest = Static<typeof DeadLetterActionRequest>;

const Counts = Type.Record(Type.String(), Count);

/** The progress of an action. The result of a dry run has neither id nor state. */
const ActionProgress = {
  dryRun: Type.Boolean(),
  matched: Type.Integer({ minimum: 0, description: "The number of matches when the action was requested" }),
  changed: Count,
  id: Type.Optional(Uuid),
  state: Type.Optional(
    StringEnum(["running", "done", "cancelled", "failed"], {
      description: "The state of the action. To follow a running action, read it again by its id",
    }),
  ),
  reason: Type.Optional(Type.String({ description: "Why the action failed. Changes already made are kept" })),
  seen: Type.Optional(
    Type.Integer({ minimum: 0, description: "The number of matches that the action has processed" }),
  ),
  byType: Type.Optional(Counts),
  sample: Type.Optional(Type.Array(Uuid, { description: "In a dry run: the ids of a few matches" })),
  createdAt: Type.Optional(Timestamp),
  finishedAt: Type.Optional(Timestamp),
};

export const ActionReply = published(
  "action-reply",
  "1.4.2",
  Type.Object({
    action: StringEnum(["retry", "cancel", "purge"]),
    ...ActionProgress,
    byStatus: Type.Optional(Counts),
    note: Type.Optional(
      Type.String({
        description:
          "Only in the first reply. For a retry: which types have no worker, and what to do about it. For a purge: which of the matching jobs it keeps",
      }),
    ),
  }),
);
export type ActionReply = Static<typeof ActionReply>;

export const DeadLetterActionReply = published(
  "dead-letter-action-reply",
  "1.1.1",
  Type.Object({
    action: StringEnum(["replay", "drop"]),
    ...ActionProgress,
    byReason: Type.Optional(Counts),
  }),
);
export type DeadLetterActionReply = Static<typeof DeadLetterActionReply>;

/**
 * Optional edits to a dead letter before its replay. For a job, `payload` is the payload of a new job. For a message,
 * `body` is the text sent to the queue from which the message was dead-lettered.
 */
export const ReplayRequest = published(
  "replay-request",
  "1.0.0",
  Type.Object(
    {
      payload: Type.Optional(JsonObject),
      body: Type.Optional(Type.String({ minLength: 1, maxLength: 262_144 })),
    },
    { additionalProperties: false },
  ),
);
export type ReplayRequest = Static<typeof ReplayRequest>;

export const ReplayReply = published(
  "replay-reply",
  "1.1.2",
  Type.Object({
    deadLetterId: Uuid,
    outcome: Type.Optional(
      StringEnum(["new-run", "new-job", "sent"], {
        description:
          "new-run: the job runs again; new-job: a new job was created from the dead letter; sent: the message was sent to its queue again",
      }),
    ),
    run: Type.Optional(
      Type.Integer({ minimum: 1, description: "The number of the job's new run; set only for new-run" }),
    ),
    jobId: Type.Optional(Uuid),
    eventId: Type.Optional(Uuid),
  }),
);
export type ReplayReply = Static<typeof ReplayReply>;

export const PauseReply = published(
  "pause-reply",
  "1.1.1",
  Type.Object({
    type: Type.String(),
    paused: Type.Boolean(),
    changed: Type.Boolean(),
    note: Type.Optional(
      Type.String({ description: "Why no jobs of this type will start, and what to do about it" }),
    ),
  }),
);
export type PauseReply = Static<typeof PauseReply>;

/** The differences found, and corrected, between the maintained counts and a full count. */
export const CountCheck = published(
  "count-check",
  "1.0.1",
  Type.Object({
    jobs: Type.Integer({
      minimum: 0,
      description: "The number of jobs in the store, according to the corrected counts",
    }),
    differences: Type.Array(
      Type.Object({
        type: Type.String(),
        status: Type.String({
          description: "A job status, or OPEN_LETTER for dead letters that are neither replayed nor dropped",
        }),
        counted: Count,
        kept: Type.Integer({ description: "The maintained count, which was wrong" }),
      }),
    ),
  }),
);
export type CountCheck = Static<typeof CountCheck>;

export const JobTypesReply = published(
  "job-types",
  "1.0.0",
  Type.Object({ jobTypes: Type.Array(JobTypeInfo) }),
);
