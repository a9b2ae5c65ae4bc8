import { expect, test } from "bun:test";
import { createSteadiness } from "./steadiness.ts";

const LEASE = 15_000;

function steadyFor(beats: number) {
  const clock = { wall: 1_000_000, monotonic: 0 };
  const steadiness = createSteadiness(LEASE, { wall: () => clock.wall, monotonic: () => clock.monotonic });
  const pass = (ms: number, { suspended = false } = {}) => {
    clock.wall += ms;
    if (!suspended) clock.monotonic += ms;
    steadiness.beaten();
  };
  for (let n = 0; n < beats; n++) pass(LEASE / 3);
  return { steadiness, clock, pass };
}

test("a worker judges others once it has beaten for a lease", () => {
  expect(steadyFor(2).steadiness.mayJudge()).toBe(false);
  expect(steadyFor(3).steadiness.mayJudge()).toBe(true);
});

test("after a suspend, which only the wall clock sees, it waits for a lease again", () => {
  const { steadiness, pass } = steadyFor(9);
  pass(3_600_000, { suspended: true });
  expect(steadiness.mayJudge()).toBe(false);
  pass(LEASE / 3);
  pass(LEASE / 3);
  expect(steadiness.mayJudge()).toBe(false);
  pass(LEASE / 3);
  expect(steadiness.mayJudge()).toBe(true);
});

test("a frozen process, or a store that took no heartbeat, counts as a gap too", () => {
  const { steadiness, pass } = steadyFor(9);
  pass(LEASE);
  expect(steadiness.mayJudge()).toBe(false);
});

test("a clock that is set back, or one late beat, is no gap", () => {
  const { steadiness, clock, pass } = steadyFor(9);
  clock.wall -= 3_600_000;
  pass(LEASE / 2);
  expect(steadiness.mayJudge()).toBe(true);
});
