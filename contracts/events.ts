import { type Static, type TObject, type TProperties, Type } from "@sinclair/typebox";
import { envelopeOf } from "./envelope.ts";
import { ATTEMPT_OUTCOMES, JobError, JobStatus, ORIGIN_KINDS } from "./job.ts";
import { Count, JsonObject, Millis, published, SemVer, StringEnum, Timestamp, Uuid } from "./schema.ts";

/** The fields of every event's payload. `sequence` orders a job's events. */
const About = {
  jobId: Uuid,
  jobType: Type.String({ minLength: 1, maxLength: 64 }),
  sequence: Count,
};

/**
 * The fields of every status change after `job.created`: the old and the new status, the run, and the attempt that
 * caused the change.
 */
const Moved = {
  ...About,
  run: Type.Integer({ minimum: 1 }),
  attempt: Count,
  from: Type.Union([JobStatus, Type.Null()]),
  to: JobStatus,
};

const PAYLOADS = {
  "job.created": Type.Object({
    ...About,
    jobTypeVersion: Type.Optional(SemVer),
    payload: JsonObject,
    fingerprint: Type.String({ minLength: 1, maxLength: 128 }),
    priority: Type.Integer({ minimum: 0, maximum: 9 }),
    maxAttempts: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
    deadlineMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400_000 })),
    runAt: Type.Optional(Timestamp),
    metadata: Type.Optional(JsonObject),
    parentId: Type.Optional(Uuid),
    originId: Type.Optional(Uuid),
    originKind: Type.Optional(StringEnum(ORIGIN_KINDS)),
  }),
  "job.validated": Type.Object({ ...Moved, priority: Type.Integer({ minimum: 0, maximum: 9 }) }),
  "job.scheduled": Type.Object({ ...Moved, runAt: Timestamp }),
  "job.started": Type.Object({ ...Moved, workerId: Type.String(), queueWaitMs: Millis }),
  "job.executed": Type.Object({
    ...About,
    run: Type.Integer({ minimum: 1 }),
    attempt: Type.Integer({ minimum: 1 }),
    outcome: StringEnum(ATTEMPT_OUTCOMES),
    workerId: Type.String(),
    durationMs: Millis,
    queueWaitMs: Millis,
    error: Type.Optional(JobError),
  }),
  "job.retrying": Type.Object({ ...Moved, runAt: Timestamp, delayMs: Millis, error: JobError }),
  "job.completed": Type.Object({ ...Moved, durationMs: Millis, totalMs: Millis }),
  "job.failed": Type.Object({ ...Moved, error: JobError, totalMs: Millis }),
  "job.cancelled": Type.Object({ ...Moved, totalMs: Millis }),
  "job.rejected": Type.Object({ ...Moved, code: Type.String(), reason: Type.String() }),
} as const;

export type EventType = keyof typeof PAYLOADS;
export type EventPayload<E extends EventType = EventType> = { [K in E]: Static<(typeof PAYLOADS)[K]> }[E];

export const EVENT_TYPES = Object.keys(PAYLOADS) as EventType[];

/** The meaning of each event, for people and for the AsyncAPI document. */
export const EVENT_SUMMARIES: Readonly<Record<EventType, string>> = {
  "job.created": "A job was accepted by the gateway or submitted by another job",
  "job.validated": "The job waits for a free slot: the processor accepted it, or a person retried it",
  "job.scheduled": "The job waits for its scheduled time",
  "job.started": "A worker claimed the job and an attempt began",
  "job.executed": "One attempt ran to its end, whatever its outcome",
  "job.retrying": "The attempt failed, and the next one is due later",
  "job.completed": "The job is done and has a result",
  "job.failed": "The job failed permanently: it is out of tries, or its error rules out a retry",
  "job.cancelled": "A person cancelled the job",
  "job.rejected": "The processor refused the job at intake",
};

const VERSIONS: Readonly<Record<EventType, string>> = {
  "job.created": "1.1.1",
  "job.validated": "1.0.1",
  "job.scheduled": "1.0.1",
  "job.started": "1.0.1",
  "job.executed": "1.0.1",
  "job.retrying": "1.0.1",
  "job.completed": "1.0.1",
  "job.failed": "1.0.1",
  "job.cancelled": "1.0.1",
  "job.rejected": "1.0.1",
};

function publishedEvent<E extends EventType>(eventType: E) {
  const payload = PAYLOADS[eventType] as (typeof PAYLOADS)[E];
  return published(
    `event.${eventType}`,
    VERSIONS[eventType],
    envelopeOf(Type.Literal(eventType), payload as TObject<TProperties>),
  );
}

/** Event schemas by event type, each with envelope and payload. */
export const EVENT_SCHEMAS = Object.fromEntries(
  EVENT_TYPES.map((eventType) => [eventType, publishedEvent(eventType)]),
) as { readonly [E in EventType]: ReturnType<typeof publishedEvent<E>> };

/** An event whose payload type follows from its event type. */
export type JobEvent<E extends EventType = EventType> = {
  [K in E]: Omit<Static<ReturnType<typeof publishedEvent<K>>>, "eventType" | "payload"> & {
    eventType: K;
    payload: EventPayload<K>;
  };
}[E];
