import { expect, test } from "bun:test";
import { createShared } from "./share.ts";

test("who asks meanwhile shares one call, who asks later gets another", async () => {
  let calls = 0;
  const shared = createShared(async () => ++calls);
  expect(await Promise.all([shared.get(), shared.get(), shared.refresh()])).toEqual([1, 1, 1]);
  expect(await shared.get()).toBe(2);
});

test("an outcome is kept as long as told, and a refresh asks all the same", async () => {
  let calls = 0;
  const shared = createShared(async () => ++calls, 60_000);
  expect(await shared.get()).toBe(1);
  expect(await shared.get()).toBe(1);
  expect(await shared.refresh()).toBe(2);
  expect(await shared.get()).toBe(2);
});

test("an error reaches everybody who waited and is not kept", async () => {
  let calls = 0;
  const shared = createShared(async () => {
    if (++calls === 1) throw new Error("away");
    return calls;
  }, 60_000);
  const [first, second] = await Promise.allSettled([shared.get(), shared.get()]);
  expect([first.status, second.status]).toEqual(["rejected", "rejected"]);
  expect(await shared.get()).toBe(2);
});
