import { expect, test } from "bun:test";
import { createBuckets } from "./ledger-buckets.ts";

test("buckets differ where one side has more", () => {
  const buckets = createBuckets();
  for (const id of ["x-0a1", "y-0A1", "x-fff", "x-123"]) buckets.add(id);
  const same = { "0a1": 2, fff: 1, "123": 1 };
  expect([...buckets.differing(new Map(Object.entries(same)))]).toEqual([]);
  expect([...buckets.differing(new Map(Object.entries({ ...same, "0a1": 3, "000": 1 })))].sort()).toEqual([
    "000",
    "0a1",
  ]);
  expect([...buckets.differing(new Map(Object.entries({ ...same, fff: 0 })))]).toEqual(["fff"]);
});
