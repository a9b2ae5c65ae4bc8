import { expect, test } from "bun:test";
import { createEventMaker } from "../../shared/event.ts";
import { conclude } from "./conclude.ts";
import { createHistorian } from "./history.ts";
import type { ClaimedJob, Ending } from "./job.ts";
import { MAX_LOSSES } from "./retry-policy.ts";

const history = createHistorian(
  createEventMaker({ service: "processor", instanceId: "test", version: "1.0.0" }),
  () => new Date(),
);
const startedAt = new Date("2026-01-01T00:00:00.000Z");
const finishedAt = new Date("2026-01-01T00:00:02.000Z");
const MAX_ATTEMPTS = 3;

const JOB: ClaimedJob = {
  id: "01a2128c-0000-7000-8000-000000000001",
  type: "sleep",
  status: "EXECUTING",
  sequence: 4,
  run: 1,
  attempt: 2,
  correlationId: "01a2128c-0000-7000-8000-000000000002",
  traceparent: null,
  updatedAt: startedAt,
  payload: {},
  workerId: "worker",
  tries: 0,
  losses: 0,
  maxAttempts: MAX_ATTEMPTS,
  baseMs: 100,
  capMs: 10_000,
  deadlineMs: 1_000,
  createdAt: startedAt,
  startedAt,
  queueWaitMs: 0,
  cancelRequested: false,
};
const error = {
  code: "BROKEN",
  message: "It broke",
  fingerprint: "f",
  stack: "at broken.ts:1",
  cause: "why",
};

const ENDINGS = {
  succeeded: { outcome: "succeeded", result: "{}" },
  failed: { outcome: "failed", error, retryable: true },
  "failed permanently": { outcome: "failed", error, retryable: false },
  "timed out": { outcome: "timed-out", error, retryable: true },
  "was cancelled": { outcome: "cancelled" },
  "was lost with its worker": { outcome: "lost", error, countsAsLoss: true },
  "was returned by its worker": { outcome: "lost", error, countsAsLoss: false },
} as const satisfies Record<string, Ending>;

const FIRST = { tries: 0, losses: 0 };
const LAST_TRY = { tries: MAX_ATTEMPTS - 1, losses: 0 };
const LAST_LOSS = { tries: 0, losses: MAX_LOSSES - 1 };

/** Columns: outcome, counts before it, whether a person requested a cancel; then status, tries and losses after it. */
const TABLE: [keyof typeof ENDINGS, typeof FIRST, boolean, string, number, number][] = [
  ["succeeded", FIRST, false, "COMPLETED", 0, 0],
  ["succeeded", LAST_TRY, false, "COMPLETED", 2, 0],
  ["succeeded", FIRST, true, "COMPLETED", 0, 0],
  ["failed", FIRST, false, "RETRYING", 1, 0],
  ["failed", LAST_TRY, false, "FAILED", 3, 0],
  ["failed", LAST_LOSS, false, "RETRYING", 1, 4],
  ["failed", FIRST, true, "CANCELLED", 0, 0],
  ["failed", LAST_TRY, true, "CANCELLED", 2, 0],
  ["failed permanently", FIRST, false, "FAILED", 1, 0],
  ["failed permanently", FIRST, true, "CANCELLED", 0, 0],
  ["timed out", FIRST, false, "RETRYING", 1, 0],
  ["timed out", LAST_TRY, false, "FAILED", 3, 0],
  ["timed out", FIRST, true, "CANCELLED", 0, 0],
  ["was cancelled", FIRST, false, "CANCELLED", 0, 0],
  ["was cancelled", LAST_TRY, true, "CANCELLED", 2, 0],
  ["was lost with its worker", FIRST, false, "RETRYING", 0, 1],
  ["was lost with its worker", LAST_TRY, false, "RETRYING", 2, 1],
  ["was lost with its worker", LAST_LOSS, false, "FAILED", 0, 5],
  ["was lost with its worker", FIRST, true, "CANCELLED", 0, 0],
  ["was lost with its worker", LAST_LOSS, true, "CANCELLED", 0, 4],
  ["was returned by its worker", FIRST, false, "RETRYING", 0, 0],
  ["was returned by its worker", LAST_LOSS, false, "RETRYING", 0, 4],
  ["was returned by its worker", FIRST, true, "CANCELLED", 0, 0],
];

const concluded = (ending: Ending, job: Partial<ClaimedJob> = {}) =>
  conclude(
    history,
    { job: { ...JOB, ...job }, ending, finishedAt, durationMs: 2_000, logs: "[]" },
    () => 0.5,
  );

test.each(TABLE)(
  "an attempt that %s, after %j so far (cancellation requested: %p), leaves its job %s",
  (name, counts, cancelRequested, status, tries, losses) => {
    const conclusion = concluded(ENDINGS[name], { ...counts, cancelRequested });
    expect(conclusion).toMatchObject({ status, tries, losses });
    expect(conclusion.steps.map(({ sequence, from, to }) => [sequence, from, to])).toEqual([
      [5, "EXECUTING", null],
      [6, "EXECUTING", status],
    ] as never);
  },
);

test("a failed job waits for its backoff, and a job lost with its worker is retried at once", () => {
  expect(concluded(ENDINGS.failed, { tries: 1 }).runAt).toEqual(new Date("2026-01-01T00:00:02.100Z"));
  expect(concluded(ENDINGS["was lost with its worker"]).runAt).toEqual(finishedAt);
  for (const name of ["succeeded", "failed permanently", "was cancelled"] as const)
    expect(concluded(ENDINGS[name]).runAt).toBeNull();
});

test("events and the job keep an error without its stack; a cancelled or completed job keeps no error", () => {
  const { error: kept, steps } = concluded(ENDINGS.failed);
  expect(kept).toEqual({ code: "BROKEN", message: "It broke", fingerprint: "f" });
  for (const { event, detail } of steps) expect(`${event}${detail}`).not.toContain("broken.ts");
  expect(concluded(ENDINGS.failed, { cancelRequested: true }).error).toBeNull();
  expect(concluded(ENDINGS.succeeded).error).toBeNull();
});

test("an attempt never ends before it began, even if the clock lags behind the time of the claim", () => {
  const claimedAt = new Date("2026-01-01T01:00:00.000Z");
  const { at, steps, runAt } = concluded(ENDINGS["was lost with its worker"], { updatedAt: claimedAt });
  expect([at, ...steps.map((step) => step.at)]).toEqual([claimedAt, claimedAt, claimedAt]);
  expect(runAt).toEqual(finishedAt);
});
