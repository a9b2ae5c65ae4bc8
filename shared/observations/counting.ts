import type { Delta } from "../../contracts/api-queries.ts";
import type { JobEvent } from "../../contracts/events.ts";
import type { CounterName } from "./port.ts";

/** The amounts that one event adds to counters and digests, in every adapter. */
export interface Contribution {
  /** The counter to increment in addition to `events`, which every event increments. */
  readonly counter?: CounterName;
  readonly executionMs?: number;
  readonly queueWaitMs?: number;
}

const COUNTER_OF: Partial<Record<JobEvent["eventType"], CounterName>> = {
  "job.created": "submitted",
  "job.completed": "completed",
  "job.failed": "failed",
  "job.retrying": "retried",
  "job.cancelled": "cancelled",
  "job.rejected": "rejected",
};

export function contributionOf(event: JobEvent): Contribution {
  // The events of an attempt's start and end both contain the queue wait. It is taken from the start, so that the waits
  // of running jobs are counted as well.
  if (event.eventType === "job.started") return { queueWaitMs: event.payload.queueWaitMs };
  // The duration of a lost worker's attempt is unknown; its event carries the time until the loss was noticed.
  if (event.eventType === "job.executed")
    return event.payload.outcome === "lost" ? {} : { executionMs: event.payload.durationMs };
  const counter = COUNTER_OF[event.eventType];
  return counter ? { counter } : {};
}

/** Converts an event to its change on the live feed. */
export function deltaOf(event: JobEvent): Delta {
  const payload = event.payload;
  return {
    jobId: payload.jobId,
    type: payload.jobType,
    event: event.eventType,
    status: "to" in payload ? payload.to : event.eventType === "job.created" ? "PENDING" : null,
    sequence: payload.sequence,
    attempt: "attempt" in payload ? payload.attempt : 0,
    at: event.occurredAt,
  };
}
