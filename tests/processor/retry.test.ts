import { expect, test } from "bun:test";
import { behavior } from "../support/suite.ts";

behavior("a job that fails", {}, (world) => {
  test("is retried after growing, jittered delays, then becomes FAILED with every attempt kept", async () => {
    const id = await world().submit({ type: "fail", payload: { message: "Disk 7 is full" } });
    await world().untilStatus(id, "FAILED");
    const job = await world().job(id);
    expect(job.attempts.map((attempt) => [attempt.attempt, attempt.outcome])).toEqual([
      [1, "failed"],
      [2, "failed"],
      [3, "failed"],
    ]);
    expect(job.error).toMatchObject({ code: "ALWAYS_FAILS", message: "Disk 7 is full" });
    // Only the attempt and the log contain the stack, so that events and lists stay small.
    expect(job.attempts[0]?.error?.stack).toMatch(/^JobFailure: Disk 7 is full\n +at .*fail\.ts:\d+/);
    expect(JSON.stringify([job.error, job.events, job.transitions])).not.toContain("fail.ts:");
    const logged = world().workers[0]?.lines.find((line) => line.includes("Job attempt failed"));
    expect(JSON.parse(logged ?? "{}")).toMatchObject({
      level: "warn",
      jobId: id,
      reason: "Disk 7 is full",
      error: { code: "ALWAYS_FAILS", stack: expect.stringContaining("fail.ts:") },
    });
    expect(job.transitions.map((transition) => transition.to)).toEqual([
      "PENDING",
      "VALIDATED",
      "EXECUTING",
      "RETRYING",
      "EXECUTING",
      "RETRYING",
      "EXECUTING",
      "FAILED",
    ]);
    const retries = job.transitions.filter((transition) => transition.to === "RETRYING");
    for (const [n, retry] of retries.entries()) {
      const delayMs = (retry.detail as { delayMs: number }).delayMs;
      expect(delayMs).toBeLessThanOrEqual(400 * 2 ** n);
      const next = job.transitions.find(
        (transition) => transition.sequence > retry.sequence && transition.to === "EXECUTING",
      );
      expect(Date.parse(next?.at ?? "")).toBeGreaterThanOrEqual(Date.parse(retry.at) + delayMs);
    }
  });

  test("twice and then succeeds is COMPLETED and keeps its failed attempts", async () => {
    const id = await world().submit({ type: "flaky", payload: { failFirst: 2 } });
    await world().untilStatus(id, "COMPLETED");
    const job = await world().job(id);
    expect(job.attempts.map((attempt) => attempt.outcome)).toEqual(["failed", "failed", "succeeded"]);
    expect(job.result).toEqual({ tries: 3 });
    expect(job.error).toBeUndefined();
  });

  test("has no second attempt if maxAttempts is 1 or the error is not retryable", async () => {
    const once = await world().submit({ type: "fail", maxAttempts: 1 });
    const final = await world().submit({ type: "fail", payload: { retryable: false } });
    await world().untilAll([once, final], "FAILED");
    expect((await world().job(once)).attempts).toHaveLength(1);
    expect((await world().job(final)).attempts).toHaveLength(1);
  });

  test("because it misses its deadline has timed-out attempts", async () => {
    const id = await world().submit({
      type: "sleep",
      payload: { ms: 60_000 },
      deadlineMs: 50,
      maxAttempts: 2,
    });
    await world().untilStatus(id, "FAILED");
    const job = await world().job(id);
    expect(job.attempts.map((attempt) => attempt.outcome)).toEqual(["timed-out", "timed-out"]);
    expect(job.error?.code).toBe("DEADLINE_EXCEEDED");
  });

  test("has the same error fingerprint as other jobs that fail for the same reason", async () => {
    const ids = await Promise.all(
      ["Disk 1 is full", "Disk 22 is full", "Disk is on fire"].map((message) =>
        world().submit({ type: "fail", payload: { message }, maxAttempts: 1 }),
      ),
    );
    await world().untilAll(ids, "FAILED");
    const [one, other, third] = await Promise.all(
      ids.map(async (id) => (await world().job(id)).error?.fingerprint),
    );
    expect(one).toBe(other);
    expect(third).not.toBe(one);
  });

  test("can be retried by a person in a new run, and the attempts of the old run are kept", async () => {
    const id = await world().submit({ type: "fail", maxAttempts: 1 });
    await world().untilStatus(id, "FAILED");
    const reply = await world().post(`/jobs/${id}/retry`);
    expect([reply.status, ((await reply.json()) as { status: string }).status]).toEqual([
      200,
      expect.stringMatching(/VALIDATED|EXECUTING|FAILED/),
    ]);
    await world().untilStatus(id, "FAILED");
    const job = await world().job(id);
    expect(job).toMatchObject({ run: 2, attempt: 2, tries: 1, maxAttempts: 1 });
    expect(job.attempts.map(({ run, attempt }) => [run, attempt])).toEqual([
      [1, 1],
      [2, 2],
    ]);
    const done = await world().submit({ type: "sleep" });
    await world().untilStatus(done, "COMPLETED");
    const refused = await world().post(`/jobs/${done}/retry`);
    expect(refused.status).toBe(409);
    expect(await refused.json()).toMatchObject({
      code: "JOB_STATE_CONFLICT",
      facts: { status: "COMPLETED" },
    });
  });
});
