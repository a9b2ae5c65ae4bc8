import { expect, test } from "bun:test";
import { statsOf } from "./stats.ts";

test("jobs are counted by status and by type, even a type named __proto__", () => {
  const stats = statsOf(
    [
      { type: "hash", status: "COMPLETED", count: 3 },
      { type: "hash", status: "FAILED", count: 1 },
      { type: "__proto__", status: "COMPLETED", count: 2 },
    ],
    undefined,
  );
  expect(stats.total).toBe(6);
  expect(stats.byStatus).toMatchObject({ COMPLETED: 5, FAILED: 1, EXECUTING: 0 });
  expect(JSON.stringify(stats.byType)).toBe(
    '{"hash":{"COMPLETED":3,"FAILED":1},"__proto__":{"COMPLETED":2}}',
  );
});
