import { expect, test } from "bun:test";
import { EVENT_TYPES } from "../../contracts/events.ts";
import { sampleEvent } from "../../tests/support/sample-events.ts";
import { contributionOf, deltaOf } from "./counting.ts";

test("each event type adds to a counter, to a latency digest, or to neither", () => {
  const contributions = EVENT_TYPES.map((type) => [type, contributionOf(sampleEvent(type))]);
  expect(Object.fromEntries(contributions)).toEqual({
    "job.created": { counter: "submitted" },
    "job.validated": {},
    "job.scheduled": {},
    "job.started": { queueWaitMs: 2 },
    "job.executed": { executionMs: 10 },
    "job.retrying": { counter: "retried" },
    "job.completed": { counter: "completed" },
    "job.failed": { counter: "failed" },
    "job.cancelled": { counter: "cancelled" },
    "job.rejected": { counter: "rejected" },
  });
});

test("the execution times in the digest are those of all attempts except lost ones", () => {
  const outcomeOf = (outcome: "failed" | "timed-out" | "lost") =>
    contributionOf(sampleEvent("job.executed", { payload: { outcome: outcome as never } }));
  expect(outcomeOf("failed")).toEqual({ executionMs: 10 });
  expect(outcomeOf("lost")).toEqual({});
});

test("a delta shows the job's status after the event, or null for a finished attempt", () => {
  const shown = EVENT_TYPES.map((type) => [type, deltaOf(sampleEvent(type)).status]);
  expect(Object.fromEntries(shown)).toEqual({
    "job.created": "PENDING",
    "job.validated": "VALIDATED",
    "job.scheduled": "SCHEDULED",
    "job.started": "EXECUTING",
    "job.executed": null,
    "job.retrying": "RETRYING",
    "job.completed": "COMPLETED",
    "job.failed": "FAILED",
    "job.cancelled": "CANCELLED",
    "job.rejected": "REJECTED",
  });
});

test("a delta contains the event's job, sequence, attempt and time", () => {
  const event = sampleEvent("job.started", { payload: { attempt: 3, sequence: 17 } });
  expect(deltaOf(event)).toEqual({
    jobId: event.payload.jobId,
    type: "hash",
    event: "job.started",
    status: "EXECUTING",
    sequence: 17,
    attempt: 3,
    at: event.occurredAt,
  });
  expect(deltaOf(sampleEvent("job.created"))).toMatchObject({ sequence: 0, attempt: 0 });
});
