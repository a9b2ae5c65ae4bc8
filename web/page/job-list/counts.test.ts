import { expect, test } from "bun:test";
import { countJobs, narrowingOf } from "./counts.ts";

const BY_TYPE = {
  hash: { COMPLETED: 8_903, EXECUTING: 9, FAILED: 41 },
  fail: { FAILED: 18 },
};

test("jobs are counted by status, by type, by both and by neither", () => {
  expect(countJobs(BY_TYPE, {})).toBe(8_971);
  expect(countJobs(BY_TYPE, { statuses: ["FAILED"] })).toBe(59);
  expect(countJobs(BY_TYPE, { types: ["hash"] })).toBe(8_953);
  expect(countJobs(BY_TYPE, { statuses: ["EXECUTING", "FAILED"], types: ["hash", "gone"] })).toBe(50);
});

test("the matches of a filter can be counted only if all its terms are statuses or types", () => {
  expect(narrowingOf("")).toEqual({ statuses: undefined, types: undefined, isWhole: true });
  expect(narrowingOf("status:failed type:hash,fail")).toEqual({
    statuses: ["FAILED"],
    types: ["hash", "fail"],
    isWhole: true,
  });
  expect(narrowingOf("status:failed failedAfter:5m").isWhole).toBe(false);
  expect(narrowingOf("status:nonsense").isWhole).toBe(false);
});
