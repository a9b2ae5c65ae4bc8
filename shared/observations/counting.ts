import type { Delta } from "../../contracts/api-queries.ts";
import type { JobEvent } from "../../contracts/events.ts";
import type { CounterName } from "./port.ts";

/** What one event adds to the counters and digests. Every adapter counts by this. */
export interface Contribution {
  /** Besides `events`, which every event adds to. */
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
  // Both the start of an attempt and its end carry the queue wait; it is taken from the start, so that jobs which
  // are still running are in it.
  if (event.eventType === "job.started") return { queueWaitMs: event.payload.queueWaitMs };
  // How long a lost worker's attempt took is not known: what it carries is the time until somebody noticed.
  if (event.eventType === "job.executed")
    return event.payload.outcome === "lost" ? {} : { executionMs: event.payload.durationMs };
  const counter = COUNTER_OF[event.eventType];
  return counter ? { counter } : {};
}

/** The change that an event shows on the live feed. */
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
