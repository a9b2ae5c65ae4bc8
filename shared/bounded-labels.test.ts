import { expect, test } from "bun:test";
import { createBoundedLabels } from "./bounded-labels.ts";

test("the first names stand for themselves, later ones are other, and it stays so", () => {
  const labelOf = createBoundedLabels(2);
  expect(["a", "b", "c", "a", "d", "b"].map(labelOf)).toEqual(["a", "b", "other", "a", "other", "b"]);
});

test("no number of names makes more labels than the limit and other", () => {
  const labelOf = createBoundedLabels(50);
  const labels = new Set(Array.from({ length: 10_000 }, (_, n) => labelOf(`type-${n}`)));
  expect(labels.size).toBe(51);
});

test("a limit of none leaves only other", () => {
  expect(createBoundedLabels(0)("a")).toBe("other");
});
