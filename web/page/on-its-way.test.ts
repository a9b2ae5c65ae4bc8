import { expect, test } from "bun:test";
import { noteSubmitted, onItsWaySince } from "./on-its-way.ts";

test("an accepted job that cannot be found counts as on its way for a minute after its id was created", () => {
  const id = Bun.randomUUIDv7();
  const now = Date.now();
  expect(onItsWaySince(id, now)).toBeGreaterThan(now - 1_000);
  expect(onItsWaySince(id, now + 61_000)).toBeUndefined();
});

test("a job whose id contains no time counts as on its way after this page submits it", () => {
  const id = Bun.randomUUIDv5("key", "b3a1f6de-6f0b-5a6c-9d5e-0c6f0f4f7a10");
  expect(onItsWaySince(id, Date.now())).toBeUndefined();
  noteSubmitted(id);
  expect(onItsWaySince(id, Date.now())).toBeGreaterThan(0);
  expect(onItsWaySince("nonsense", Date.now())).toBeUndefined();
});
