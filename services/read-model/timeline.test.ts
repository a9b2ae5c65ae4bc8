import { expect, test } from "bun:test";
import type { AttemptOutcome, JobStatus } from "../../contracts/job.ts";
import { timelineOf } from "./timeline.ts";

const at = (ms: number) => new Date(Date.UTC(2026, 0, 1) + ms).toISOString();
const producer = { service: "processor", instanceId: "p-1", version: "1.0.0" };
const id = (n: number) => `00000000-0000-5000-8000-00000000000${n}`;
const event = (n: number, eventType: string, ms: number, hops = {}) => ({
  contractVersion: "1.0.0",
  eventType,
  eventId: id(n),
  occurredAt: at(ms),
  producer,
  correlationId: id(9),
  idempotencyKey: id(n),
  payload: { sequence: n, attempt: 1 },
  hops,
});

const history = {
  createdAt: at(0),
  receivedAt: at(4),
  transitions: [
    { sequence: 1, run: 1, from: null, to: "PENDING" as const, attempt: 0, eventId: id(1), at: at(5) },
    {
      sequence: 2,
      run: 1,
      from: "PENDING" as const,
      to: "VALIDATED" as const,
      attempt: 0,
      eventId: id(2),
      at: at(5),
    },
  ],
  attempts: [
    {
      attempt: 1,
      run: 1,
      workerId: "p-1",
      outcome: "succeeded" as const,
      startedAt: at(6),
      finishedAt: at(9),
      durationMs: 3,
      queueWaitMs: 1,
      logs: [{ at: at(7), message: "half way" }],
    },
  ],
  events: [
    event(2, "job.validated", 5, { acceptedAt: at(0), receivedAt: at(4) }),
    event(3, "job.executed", 9, { acceptedAt: at(0), startedAt: at(6) }),
  ],
};

test("hops, transitions, attempts, log lines and events are in chronological order, causes before effects", () => {
  expect(timelineOf(history).map(({ offsetMs, kind, title }) => [offsetMs, kind, title])).toEqual([
    [0, "hop", "Accepted"],
    [4, "hop", "Received"],
    [5, "transition", "pending"],
    [5, "transition", "pending → waiting"],
    [5, "event", "job.validated"],
    [6, "hop", "Started"],
    [6, "attempt", "Attempt 1 started"],
    [7, "log", "half way"],
    [9, "attempt", "Attempt 1 succeeded"],
    [9, "event", "job.executed"],
  ]);
});

test("a lost attempt ends when its loss was noticed, and an instant attempt starts before it ends", () => {
  const move = (sequence: number, from: JobStatus, to: JobStatus, attempt: number, ms: number) => ({
    sequence,
    run: 1,
    from,
    to,
    attempt,
    eventId: id(sequence),
    at: at(ms),
  });
  const attempt = (number: number, outcome: AttemptOutcome, from: number, to: number, run = 1) => ({
    attempt: number,
    run,
    workerId: "p-1",
    outcome,
    startedAt: at(from),
    finishedAt: at(to),
    durationMs: to - from,
    queueWaitMs: 0,
    logs: [],
  });
  const entries = timelineOf({
    createdAt: at(0),
    receivedAt: at(0),
    events: [],
    transitions: [
      move(3, "VALIDATED", "EXECUTING", 1, 10),
      move(5, "EXECUTING", "RETRYING", 1, 9_000),
      move(6, "RETRYING", "EXECUTING", 2, 9_000),
      move(8, "EXECUTING", "COMPLETED", 2, 9_000),
    ],
    attempts: [attempt(1, "lost", 10, 9_000), attempt(2, "succeeded", 9_000, 9_000, 2)],
  });
  expect(
    entries.filter(({ kind }) => kind !== "hop").map(({ offsetMs, title }) => [offsetMs, title]),
  ).toEqual([
    [10, "waiting → executing"],
    [10, "Attempt 1 started"],
    [9_000, "Attempt 1 lost"],
    [9_000, "executing → retrying"],
    [9_000, "retrying → executing"],
    [9_000, "Attempt 2 (run 2) started"],
    [9_000, "Attempt 2 (run 2) succeeded"],
    [9_000, "executing → completed"],
  ]);
  expect(entries.every((entry) => !("rank" in entry))).toBe(true);
});

test("without events, the hops that the job's row records still appear", () => {
  const hops = timelineOf({ ...history, events: [] }).filter(({ kind }) => kind === "hop");
  expect(hops.map(({ title }) => title)).toEqual(["Accepted", "Received"]);
});
