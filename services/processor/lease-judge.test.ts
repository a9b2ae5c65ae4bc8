import { expect, test } from "bun:test";
import { createLeaseJudge } from "./lease-judge.ts";

const LEASE = 15_000;

function steadyFor(beats: number) {
  const clock = { wall: 1_000_000, monotonic: 0 };
  const judge = createLeaseJudge(LEASE, { wall: () => clock.wall, monotonic: () => clock.monotonic });
  const pass = (ms: number, { suspended = false } = {}) => {
    clock.wall += ms;
    if (!suspended) clock.monotonic += ms;
    judge.beaten();
  };
  for (let n = 0; n < beats; n++) pass(LEASE / 3);
  return { judge, clock, pass };
}

test("a worker may mark other workers as lost only after sending heartbeats for a full lease period", () => {
  expect(steadyFor(2).judge.mayJudge()).toBe(false);
  expect(steadyFor(3).judge.mayJudge()).toBe(true);
});

test("after a system suspend, which only the wall clock shows, a worker waits for another full lease period", () => {
  const { judge, pass } = steadyFor(9);
  pass(3_600_000, { suspended: true });
  expect(judge.mayJudge()).toBe(false);
  pass(LEASE / 3);
  pass(LEASE / 3);
  expect(judge.mayJudge()).toBe(false);
  pass(LEASE / 3);
  expect(judge.mayJudge()).toBe(true);
});

test("a gap between heartbeats, as after a frozen process or a store outage, also makes a worker wait for a full lease period", () => {
  const { judge, pass } = steadyFor(9);
  pass(LEASE);
  expect(judge.mayJudge()).toBe(false);
});

test("neither a clock that was set back nor a single late heartbeat counts as a gap", () => {
  const { judge, clock, pass } = steadyFor(9);
  clock.wall -= 3_600_000;
  pass(LEASE / 2);
  expect(judge.mayJudge()).toBe(true);
});
