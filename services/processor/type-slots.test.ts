import { expect, test } from "bun:test";
import { createTypeSlots } from "./type-slots.ts";

const typeSlotsOf = () =>
  createTypeSlots(
    new Map([
      ["hash", { maxRunning: 2 }],
      ["sleep", {}],
    ]),
  );

test("a job type with a limit runs out of slots, and one without a limit never does", () => {
  const typeSlots = typeSlotsOf();
  expect([typeSlots.take("hash"), typeSlots.take("hash"), typeSlots.take("hash")]).toEqual([
    true,
    true,
    false,
  ]);
  expect(Array.from({ length: 100 }, () => typeSlots.take("sleep"))).not.toContain(false);
  expect([typeSlots.release("hash"), typeSlots.release("sleep")]).toEqual([true, false]);
  expect([typeSlots.take("hash"), typeSlots.take("hash")]).toEqual([true, false]);
});

test("a claim takes all free slots of job types with a limit, and then releases the slots that it did not use", () => {
  const typeSlots = typeSlotsOf();
  typeSlots.take("hash");
  const taken = typeSlots.takeAll();
  expect(taken).toEqual({ hash: 1 });
  expect(typeSlots.take("hash")).toBe(false);
  typeSlots.releaseUnused(taken, ["sleep", "sleep"]);
  expect(typeSlots.take("hash")).toBe(true);
  typeSlots.releaseUnused(taken, ["hash"]);
  expect(typeSlots.take("hash")).toBe(false);
});
