import { expect, test } from "bun:test";
import { checkOf, createIdSum } from "./id-sum.ts";

const ids = Array.from({ length: 50 }, () => crypto.randomUUID());
const sumOf = (some: readonly string[]) => {
  const sum = createIdSum();
  for (const id of some) sum.add(id);
  return sum.sum();
};

test("the sum of ids does not depend on their order, and changes when an id is missing or replaced", () => {
  expect(sumOf(ids.toReversed())).toEqual(sumOf(ids));
  expect(sumOf(ids.slice(1)).check).not.toBe(sumOf(ids).check);
  expect(sumOf([crypto.randomUUID(), ...ids.slice(1)])).toMatchObject({ count: 50 });
  expect(sumOf([crypto.randomUUID(), ...ids.slice(1)]).check).not.toBe(sumOf(ids).check);
});

test("the sum of a single id is its last 64 bits, and a signed number from SQL converts to the same sum", () => {
  expect(sumOf(["00000000-0000-4000-8000-00000000000f"])).toEqual({ count: 1, check: "800000000000000f" });
  expect(checkOf("-9223372036854775793")).toBe("800000000000000f");
  expect(sumOf([])).toEqual({ count: 0, check: checkOf("0") });
});
