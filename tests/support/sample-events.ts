import type { EventPayload, EventType, JobEvent } from "../../contracts/events.ts";
import { createdEventId, eventIdAt, newJobId } from "../../contracts/ids.ts";
import { createEventMaker } from "../../shared/event.ts";

const makeEvent = createEventMaker({ service: "test", instanceId: "test-1", version: "1.0.0" });

/** Fields to set on a sample event; the rest is generated and valid. */
export interface SampleFacts<E extends EventType> {
  readonly eventId?: string;
  readonly at?: number | Date;
  readonly payload?: Partial<EventPayload<E>>;
}

const RUN = { run: 1, attempt: 1 };
const ERROR = { code: "HANDLER_ERROR", message: "it broke" };
const RUN_AT = "2026-01-01T00:00:00.000Z";
const PAYLOADS: { readonly [E in EventType]: Omit<EventPayload<E>, "jobId" | "jobType"> } = {
  "job.created": { sequence: 0, payload: {}, fingerprint: "f", priority: 5 },
  "job.validated": { sequence: 1, run: 1, attempt: 0, from: "PENDING", to: "VALIDATED", priority: 5 },
  "job.scheduled": { sequence: 1, run: 1, attempt: 0, from: "PENDING", to: "SCHEDULED", runAt: RUN_AT },
  "job.started": { sequence: 2, ...RUN, from: "VALIDATED", to: "EXECUTING", workerId: "w-1", queueWaitMs: 2 },
  "job.executed": {
    sequence: 3,
    ...RUN,
    outcome: "succeeded",
    workerId: "w-1",
    durationMs: 10,
    queueWaitMs: 2,
  },
  "job.retrying": {
    sequence: 4,
    ...RUN,
    from: "EXECUTING",
    to: "RETRYING",
    runAt: RUN_AT,
    delayMs: 100,
    error: ERROR,
  },
  "job.completed": { sequence: 4, ...RUN, from: "EXECUTING", to: "COMPLETED", durationMs: 10, totalMs: 12 },
  "job.failed": { sequence: 4, ...RUN, from: "EXECUTING", to: "FAILED", error: ERROR, totalMs: 12 },
  "job.cancelled": { sequence: 2, ...RUN, from: "VALIDATED", to: "CANCELLED", totalMs: 5 },
  "job.rejected": {
    sequence: 1,
    run: 1,
    attempt: 0,
    from: "PENDING",
    to: "REJECTED",
    code: "UNKNOWN_JOB_TYPE",
    reason: "no such job type",
  },
};

/** Returns a valid event, by default of a new `hash` job. Its id is derived as it is for real events. */
export function sampleEvent<E extends EventType>(eventType: E, facts: SampleFacts<E> = {}): JobEvent<E> {
  const payload = {
    jobId: newJobId(),
    jobType: "hash",
    ...PAYLOADS[eventType],
    ...facts.payload,
  } as unknown as EventPayload<EventType>;
  const { jobId, sequence } = payload;
  const eventId = eventType === "job.created" ? createdEventId(jobId, "f") : eventIdAt(jobId, sequence);
  return makeEvent({
    eventType,
    eventId: facts.eventId ?? eventId,
    correlationId: crypto.randomUUID(),
    occurredAt: new Date(facts.at ?? Date.now()).toISOString(),
    payload: payload as never,
  });
}

/** Returns several events of a type, each of a different job. */
export function sampleEvents<E extends EventType>(
  count: number,
  eventType: E,
  facts: SampleFacts<E> = {},
): JobEvent<E>[] {
  return Array.from({ length: count }, () => sampleEvent(eventType, facts));
}

/** Returns the five events of a job that completes, a millisecond apart. */
export function sampleStory(
  about: { jobId?: string; jobType?: string; at?: number; durationMs?: number; queueWaitMs?: number } = {},
): JobEvent[] {
  const { jobId = newJobId(), jobType = "hash", at = Date.now(), durationMs = 10, queueWaitMs = 2 } = about;
  const payload = { jobId, jobType };
  return [
    sampleEvent("job.created", { at, payload }),
    sampleEvent("job.validated", { at: at + 1, payload }),
    sampleEvent("job.started", { at: at + 2, payload: { ...payload, queueWaitMs } }),
    sampleEvent("job.executed", { at: at + 3, payload: { ...payload, durationMs, queueWaitMs } }),
    sampleEvent("job.completed", { at: at + 4, payload: { ...payload, durationMs } }),
  ];
}

/** Returns the two ids that the ledger uses to look up an event in the observation store. */
export function namesOf({ eventId, payload: { jobId } }: JobEvent): { eventId: string; jobId: string } {
  return { eventId, jobId };
}
