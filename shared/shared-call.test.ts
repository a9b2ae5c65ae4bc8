import { expect, test } from "bun:test";
import { createSharedCall } from "./shared-call.ts";

test("callers that arrive during a call share it, and later callers start another", async () => {
  let calls = 0;
  const shared = createSharedCall(async () => ++calls);
  expect(await Promise.all([shared.get(), shared.get(), shared.refresh()])).toEqual([1, 1, 1]);
  expect(await shared.get()).toBe(2);
});

test("an outcome is reused for the given time, unless a refresh requests a new call", async () => {
  let calls = 0;
  const shared = createSharedCall(async () => ++calls, 60_000);
  expect(await shared.get()).toBe(1);
  expect(await shared.get()).toBe(1);
  expect(await shared.refresh()).toBe(2);
  expect(await shared.get()).toBe(2);
});

test("every waiting caller receives an error, which is not kept", async () => {
  let calls = 0;
  const shared = createSharedCall(async () => {
    if (++calls === 1) throw new Error("down");
    return calls;
  }, 60_000);
  const [first, second] = await Promise.allSettled([shared.get(), shared.get()]);
  expect([first.status, second.status]).toEqual(["rejected", "rejected"]);
  expect(await shared.get()).toBe(2);
});

test("a call is aborted when all of its callers have left, and the next caller begins another", async () => {
  const signals: AbortSignal[] = [];
  const release = Promise.withResolvers<string>();
  const shared = createSharedCall((signal) => {
    signals.push(signal);
    return release.promise;
  });
  const [one, other] = [new AbortController(), new AbortController()];
  const calls = [shared.get(one.signal), shared.get(other.signal)].map((call) => call.catch(String));
  one.abort("one left");
  expect(await calls[0]).toBe("one left");
  expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  other.abort("the other left");
  expect(await calls[1]).toBe("the other left");
  const next = shared.get();
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
  release.resolve("done");
  expect(await next).toBe("done");
});
