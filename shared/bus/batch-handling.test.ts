import { expect, test } from "bun:test";
import { createLog } from "../log.ts";
import { createBatchHandling } from "./batch-handling.ts";

/** Creates a batch for which the test sets the time and decides when each call of the handler ends, and how. */
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
    /** Rejects the current call, and resolves when the next call has started. */
    async reject() {
      await called.promise;
      called = Promise.withResolvers();
      call.reject(new Error("the store is read-only"));
      await called.promise;
    },
  };
}

test("a slow call counts as stuck only after a minute", async () => {
  const batch = createBatch();
  batch.at(60_000);
  expect(batch.whyStuck()).toBeUndefined();
  batch.at(60_001);
  expect(batch.whyStuck()).toBe("A batch of jobs.created has been running for 60 s without finishing");
  batch.succeed();
  expect(await batch.handled).toBe(true);
  expect(batch.whyStuck()).toBeUndefined();
});

test("a batch does not count as stuck after one rejection of a slow call, even if the next call is slow too", async () => {
  const batch = createBatch();
  batch.at(20_000);
  await batch.reject();
  expect(batch.whyStuck()).toBeUndefined();
  batch.at(40_000);
  expect(batch.whyStuck()).toBeUndefined();
  batch.succeed();
  expect(await batch.handled).toBe(true);
});

test("a batch counts as stuck after more than a second of consecutive rejections, until a call succeeds", async () => {
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
