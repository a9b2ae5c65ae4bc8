import { expect, test } from "bun:test";
import { traceOf } from "../../shared/job-trace-view.ts";
import { NOW, sampleJobDetail } from "../testing/sample-data.ts";

const shown = (trace: ReturnType<typeof traceOf>) =>
  trace.bars.map(
    ({ label, startMs, endMs, slowest }) =>
      `${label} ${startMs}–${Math.round(endMs)}${slowest ? " slowest" : ""}`,
  );

test("a job's hops, waits and tries follow one another on one time axis", () => {
  const trace = traceOf(sampleJobDetail(), NOW);
  expect(shown(trace)).toEqual([
    "accepted 0–0",
    "confirmed 0–2",
    "received 2–6",
    "wait 6–8",
    "try 1 8–8",
    "wait 8.2–102",
    "try 2 102–102",
    "wait 102.2–279 slowest",
    "try 3 279–297",
  ]);
  expect(trace.totalMs).toBe(297);
});

test("an unfinished bar extends to the current time", () => {
  const waiting = traceOf(sampleJobDetail({ status: "RETRYING", attempts: [] }), NOW);
  expect(waiting.bars.at(-1)).toMatchObject({ kind: "wait", open: true, note: "until the next try" });
  expect(waiting.totalMs).toBe(60_000);
});

test("no bar ends before it begins, even if the clock of one service is slow", () => {
  const early = sampleJobDetail({
    attempts: sampleJobDetail().attempts.map((one) => ({ ...one, startedAt: "2020-01-01T00:00:00.000Z" })),
  });
  for (const { startMs, endMs } of traceOf(early, NOW).bars) expect(endMs).toBeGreaterThanOrEqual(startMs);
});
