import { expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { AppError } from "../../shared/errors.ts";
import { defineJobType, type JobContext, JobFailure } from "../../shared/job-types/define.ts";
import type { ClaimedJob } from "./job.ts";
import { runJob } from "./run-job.ts";

const at = new Date("2026-01-01T00:00:00Z");
const JOB: ClaimedJob = {
  id: "01a2128c-0000-7000-8000-000000000001",
  type: "made-up",
  status: "EXECUTING",
  sequence: 2,
  run: 1,
  attempt: 1,
  correlationId: "01a2128c-0000-7000-8000-000000000002",
  traceparent: null,
  updatedAt: at,
  payload: {},
  workerId: "worker",
  tries: 0,
  losses: 0,
  maxAttempts: 3,
  baseMs: 100,
  capMs: 1_000,
  deadlineMs: 1_000,
  createdAt: at,
  startedAt: at,
  queueWaitMs: 0,
  cancelRequested: false,
};

async function run(handler: (context: JobContext) => Promise<unknown>) {
  const progress: unknown[] = [];
  const jobType = defineJobType({
    name: "made-up",
    version: "1.0.0",
    description: "For this test",
    payload: Type.Object({}),
    example: {},
    retry: { maxAttempts: 3, baseMs: 100, capMs: 1_000 },
    deadlineMs: 1_000,
    run: (_, context) => handler(context),
  });
  const ended = await runJob(JOB, jobType, new AbortController().signal, {
    allowedAddresses: { check: () => false },
    now: () => new Date(),
    submit: () => Promise.resolve([]),
    onProgress: (_, text) => progress.push(JSON.parse(text)),
  });
  return { ...ended, progress };
}

const nested = (levels: number): unknown[] => (levels === 1 ? [] : [nested(levels - 1)]);

test.each([
  ["is nested too deep", nested(17), "RESULT_TOO_DEEP"],
  ["is nested thousands of levels deep", nested(5_000), "RESULT_TOO_DEEP"],
  ["is too large", "x".repeat(65_536), "RESULT_TOO_LARGE"],
  ["is too large once its numbers are written without exponents", Array(300).fill(1e308), "RESULT_TOO_LARGE"],
])("a result that %s fails its attempt permanently", async (_, result, code) => {
  expect((await run(async () => result)).ending).toMatchObject({
    outcome: "failed",
    retryable: false,
    error: { code },
  });
});

test("a result that contains itself fails its attempt permanently", async () => {
  const ring: Record<string, unknown> = {};
  ring.self = ring;
  expect((await run(async () => ring)).ending).toMatchObject({ retryable: false });
});

test("a result at the depth limit is kept, and a missing result is recorded as null", async () => {
  expect((await run(async () => nested(16))).ending).toEqual({
    outcome: "succeeded",
    result: JSON.stringify(nested(16)),
  });
  expect((await run(async () => undefined)).ending).toEqual({ outcome: "succeeded", result: null });
});

test("progress is a fraction and a short note, whatever the handler reports", async () => {
  const { progress } = await run(async (context) => {
    context.progress(Number.NaN, "x".repeat(1_000));
    context.progress(Number.POSITIVE_INFINITY);
    context.progress(7);
  });
  const time = expect.any(String);
  expect(progress).toEqual([
    { fraction: 0, note: "x".repeat(200), at: time },
    { fraction: 0, at: time },
    { fraction: 1, at: time },
  ]);
});

test("a thrown failure becomes text that the store can hold", async () => {
  const { ending } = await run(async () => {
    throw new JobFailure(`CODE\u0000${"X".repeat(100)}`, `m\ud800${"y".repeat(3_000)}`);
  });
  const error = "error" in ending ? ending.error : undefined;
  expect(error?.code).toBe(`CODE\ufffd${"X".repeat(59)}`);
  expect(error?.message).toBe(`m\ufffd${"y".repeat(1_998)}`);
});

test("a thrown error keeps its stack and its causes", async () => {
  const { ending } = await run(async () => {
    throw new Error("Outer", { cause: new TypeError("Inner", { cause: "the last straw" }) });
  });
  const error = "error" in ending ? ending.error : undefined;
  expect(error).toMatchObject({ code: "HANDLER_ERROR", message: "Outer" });
  expect(error?.stack).toMatch(/^Error: Outer\n +at .*run-job\.test\.ts:\d+/);
  expect(error?.cause).toMatch(
    /^TypeError: Inner\n +at [\s\S]*run-job\.test\.ts:\d+[\s\S]*\nCaused by the last straw$/,
  );
});

test("a JobFailure keeps its stack and causes within bounds, however long its message is", async () => {
  const { ending } = await run(async () => {
    const cause = new Error("x".repeat(10_000));
    cause.cause = cause;
    throw new JobFailure("TOO_LONG", "y\u0000".repeat(5_000), { cause });
  });
  const error = "error" in ending ? ending.error : undefined;
  expect(error?.stack).toMatch(/^JobFailure: y[\s\S]*\n +at .*run-job\.test\.ts:\d+/);
  expect(error?.cause).toStartWith("Error: xxx");
  for (const text of [error?.stack, error?.cause]) {
    expect(text?.length).toBeLessThanOrEqual(4_096);
    expect(text).not.toContain("\u0000");
  }
});

test("a thrown string leaves neither a stack nor a cause", async () => {
  const { ending } = await run(async () => {
    throw "just text";
  });
  expect("error" in ending && Object.keys(ending.error)).toEqual(["code", "message", "fingerprint"]);
});

test("an attempt that fails because the bus is unavailable may be retried", async () => {
  const { ending } = await run(async () => {
    throw new AppError("BUS_UNAVAILABLE", "The broker is not connected");
  });
  expect(ending).toMatchObject({
    outcome: "failed",
    retryable: true,
    error: { code: "HANDLER_ERROR", message: "The broker is not connected" },
  });
});

test.each([
  ["cannot be converted to text", Object.create(null)],
  ["has a message that is not a string", Object.assign(new Error(), { message: 5 })],
  ["has a stack that is not a string", Object.assign(new Error("x"), { stack: ["a frame"] })],
  ["has a code that is not a string", new JobFailure(404 as unknown as string, "Not found")],
])("a thrown value that %s fails its attempt like any other", async (_, thrown) => {
  const { ending } = await run(async () => {
    throw thrown;
  });
  expect(ending).toMatchObject({
    outcome: "failed",
    retryable: true,
    error: { code: "HANDLER_ERROR", message: expect.any(String), fingerprint: expect.any(String) },
  });
});
