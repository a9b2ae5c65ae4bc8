import { expect, test } from "bun:test";
import { JOB_SORTS, sortJobs } from "./job-sorts.ts";

const job = (id: number, type: string, durationMs?: number, attempt = 1) => ({
  id,
  type,
  attempt,
  durationMs,
  createdAt: new Date(1_000_000 - id).toISOString(),
});
const JOBS = [job(1, "hash", 5), job(2, "fail"), job(3, "sleep", 90, 3), job(4, "fail", 5)];

test("each sort puts the right jobs first, and equal jobs keep their order", () => {
  const ids = Object.fromEntries(
    JOB_SORTS.map(({ name }) => [name, sortJobs(JOBS, name).map(({ id }) => id)]),
  );
  expect(ids).toEqual({
    newest: [1, 2, 3, 4],
    oldest: [4, 3, 2, 1],
    slowest: [3, 1, 4, 2],
    type: [2, 4, 1, 3],
    tries: [3, 1, 2, 4],
  });
});
