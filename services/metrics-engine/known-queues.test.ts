import { expect, test } from "bun:test";
import { JOB_TYPES } from "../../shared/job-types/registry.ts";
import { withKnownQueues } from "./known-queues.ts";

const queue = (type: string) => ({
  type,
  waiting: 3,
  scheduled: 1,
  executing: 2,
  paused: true,
  oldestWaitingMs: 40,
});

test("every known job type has exactly one queue, and queues from the store are unchanged", () => {
  const queues = withKnownQueues([queue("hash"), queue("retired")]);
  expect(queues.slice(0, 2)).toEqual([queue("hash"), queue("retired")]);
  expect(queues.map(({ type }) => type).sort()).toEqual([...JOB_TYPES.keys(), "retired"].sort());
});

test("a known queue missing from the store's snapshot is reported as empty", () => {
  for (const { type, ...rest } of withKnownQueues([])) {
    expect(JOB_TYPES.has(type)).toBe(true);
    expect(rest).toEqual({ waiting: 0, scheduled: 0, executing: 0, paused: false, oldestWaitingMs: null });
  }
});
