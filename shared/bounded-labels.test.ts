import { expect, test } from "bun:test";
import { createBoundedLabels } from "./bounded-labels.ts";

test("the first names keep their own label, names beyond the limit share the label other, and no label ever changes", () => {
  const labelOf = createBoundedLabels(2);
  expect(["a", "b", "c", "a", "d", "b"].map(labelOf)).toEqual(["a", "b", "other", "a", "other", "b"]);
});

test("there are never more labels than the limit, plus the label other", () => {
  const labelOf = createBoundedLabels(50);
  const labels = new Set(Array.from({ length: 10_000 }, (_, n) => labelOf(`type-${n}`)));
  expect(labels.size).toBe(51);
});

test("with a limit of zero, the only label is other", () => {
  expect(createBoundedLabels(0)("a")).toBe("other");
});
