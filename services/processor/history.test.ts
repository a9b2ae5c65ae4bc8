import { expect, test } from "bun:test";
import { eventIdAt } from "../../contracts/ids.ts";
import { isLegalMove, JOB_STATUSES, type JobStatus } from "../../contracts/job.ts";
import { createEventMaker } from "../../shared/event.ts";
import { after, createHistorian, type JobPosition } from "./history.ts";

const history = createHistorian(
  createEventMaker({ service: "processor", instanceId: "test", version: "1.0.0" }),
  () => new Date(),
);
const at = new Date("2026-01-01T00:00:00.000Z");
const later = new Date("2026-01-01T00:00:01.000Z");

const positionOf = (status: JobStatus | null): JobPosition => ({
  id: "01a2128c-0000-7000-8000-000000000001",
  type: "sleep",
  status,
  sequence: 7,
  run: 1,
  attempt: 2,
  correlationId: "01a2128c-0000-7000-8000-000000000002",
  traceparent: null,
  updatedAt: at,
});

test("every legal change of status becomes a step in the job's history, and every illegal change is refused", () => {
  for (const from of [null, ...JOB_STATUSES])
    for (const to of JOB_STATUSES) {
      const move = () => history.move(positionOf(from), to, "job.cancelled", { totalMs: 1 }, later);
      if (!isLegalMove(from, to)) expect(move).toThrow(`cannot go from ${from} to ${to}`);
      else expect(move()).toMatchObject({ from, to, sequence: 8, run: 1, attempt: 2, at: later });
    }
});

test("a step takes the next sequence number and the event id derived from it", () => {
  const step = history.executed(
    positionOf("EXECUTING"),
    { outcome: "succeeded", workerId: "worker", durationMs: 1, queueWaitMs: 0 },
    later,
  );
  expect(step).toMatchObject({ sequence: 8, from: "EXECUTING", to: null, detail: null });
  expect(step.eventId).toBe(eventIdAt(step.jobId, 8));
  expect(JSON.parse(step.event)).toMatchObject({
    eventType: "job.executed",
    eventId: step.eventId,
    occurredAt: later.toISOString(),
    payload: { jobId: step.jobId, sequence: 8, run: 1, attempt: 2, outcome: "succeeded" },
  });
  expect(after(positionOf("EXECUTING"), step)).toMatchObject({
    status: "EXECUTING",
    sequence: 8,
    updatedAt: later,
  });
});

test("a step takes the time of the job's previous step if its own clock is behind it", () => {
  const early = new Date("2025-12-31T23:59:59.000Z");
  let job = positionOf("EXECUTING");
  const retrying = history.move(
    job,
    "RETRYING",
    "job.retrying",
    { runAt: early.toISOString(), delayMs: 0, error: { code: "X", message: "x" } },
    early,
  );
  expect(retrying.at).toEqual(at);
  expect(JSON.parse(retrying.event).occurredAt).toBe(at.toISOString());
  job = after(job, retrying);
  const started = history.move(job, "EXECUTING", "job.started", { workerId: "w", queueWaitMs: 0 }, later, {
    attempt: 3,
  });
  expect([started.at, started.attempt, started.sequence]).toEqual([later, 3, 9]);
});
