import { expect, test } from "bun:test";
import { createLog } from "../log.ts";
import { createBatchHandling } from "./batch-handling.ts";

/** A batch whose calls end when the test says so, under a clock that the test sets. */
function createBatch() {
  let now = 0;
  let call = Promise.withResolvers<void>();
  let called = Promise.withResolvers<void>();
  const batches = createBatchHandling({
    queue: "jobs.created",
    handler: () => {
      call = Promise.withResolvers<void>();
      called.resolve();
      return call.promise;
    },
    log: createLog({ service: "test", level: "silent" }),
    stopGraceMs: 0,
    onRejected: () => undefined,
    now: () => now,
  });
  const handled = batches.handle(() => [], []);
  return {
    handled,
    whyStuck: batches.whyStuck,
    at(ms: number) {
      now = ms;
    },
    succeed: () => call.resolve(),
    /** Rejects the current call; resolves when the next one has started. */
    async reject() {
      await called.promise;
      called = Promise.withResolvers();
      call.reject(new Error("the store is read-only"));
      await called.promise;
    },
  };
}

test("a slow call is stuck only after a minute", async () => {
  const batch = createBatch();
  batch.at(60_000);
  expect(batch.whyStuck()).toBeUndefined();
  batch.at(60_001);
  expect(batch.whyStuck()).toBe("A batch of jobs.created has been under way for 60 s without an end");
  batch.succeed();
  expect(await batch.handled).toBe(true);
  expect(batch.whyStuck()).toBeUndefined();
});

test("a first rejection after a long call does not make it stuck, nor does the slow call that follows", async () => {
  const batch = createBatch();
  batch.at(20_000);
  await batch.reject();
  expect(batch.whyStuck()).toBeUndefined();
  batch.at(40_000);
  expect(batch.whyStuck()).toBeUndefined();
  batch.succeed();
  expect(await batch.handled).toBe(true);
});

test("rejections in a row over more than a second make it stuck, until a call succeeds", async () => {
  const batch = createBatch();
  for (const ms of [0, 500, 900]) {
    batch.at(ms);
    await batch.reject();
    expect(batch.whyStuck()).toBeUndefined();
  }
  batch.at(1_100);
  await batch.reject();
  expect(batch.whyStuck()).toBe("A batch of jobs.created has been failing for 1 s: the store is read-only");
  batch.succeed();
  await batch.handled;
  expect(batch.whyStuck()).toBeUndefined();
});
