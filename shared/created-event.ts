import type { EventPayload } from "../contracts/events.ts";
import { createdEventId } from "../contracts/ids.ts";
import type { EventMaker } from "./event.ts";
import { JOB_TYPES } from "./job-types/registry.ts";
import { traceparentOfJob } from "./traceparent.ts";

const DEFAULT_PRIORITY = 5;
/**
 * The fingerprint of a job without an idempotency key. The request for such a job is never compared with earlier
 * requests.
 */
export const NO_FINGERPRINT = "none";

type Asked = Omit<EventPayload<"job.created">, "sequence" | "fingerprint" | "priority"> & {
  fingerprint?: string;
  priority?: number | undefined;
};

/**
 * Creates `job.created`. Its id is derived from the job's id and the fingerprint, so repeating a request yields the same
 * event id.
 */
export function createdEvent(
  makeEvent: EventMaker,
  { fingerprint = NO_FINGERPRINT, priority = DEFAULT_PRIORITY, ...asked }: Asked,
  about: {
    correlationId: string;
    idempotencyKey?: string | undefined;
    traceparent?: string | undefined;
    causationId?: string;
  },
) {
  const eventId = createdEventId(asked.jobId, fingerprint);
  const occurredAt = new Date().toISOString();
  return makeEvent({
    eventType: "job.created",
    eventId,
    correlationId: about.correlationId,
    idempotencyKey: about.idempotencyKey ?? eventId,
    traceparent: about.traceparent ?? traceparentOfJob(asked.jobId),
    ...(about.causationId && { causationId: about.causationId }),
    occurredAt,
    hops: { acceptedAt: occurredAt },
    payload: {
      jobTypeVersion: JOB_TYPES.get(asked.jobType)?.version,
      ...asked,
      sequence: 0,
      fingerprint,
      priority,
    },
  });
}
