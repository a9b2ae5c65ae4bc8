import { expect, test } from "bun:test";
import { createDuty } from "./duty.ts";

test("a recurring duty is reported as stuck, with a reason, once none of its rounds has succeeded for longer than its limit", () => {
  let now = 0;
  const duty = createDuty("Claiming jobs", 5_000, () => now);
  duty.begin();
  now = 5_000;
  expect(duty.whyStuck()).toBeUndefined();
  duty.failed('relation "jobs" does not exist');
  now = 5_001;
  expect(duty.whyStuck()).toBe('Claiming jobs has not succeeded for 5 s: relation "jobs" does not exist');
  duty.done();
  expect(duty.whyStuck()).toBeUndefined();
});

test("a duty is also reported as stuck if its current round neither succeeds nor fails", () => {
  let now = 0;
  const duty = createDuty("Claiming jobs", 5_000, () => now);
  duty.done();
  now = 9_000;
  expect(duty.whyStuck()).toBe("Claiming jobs has not succeeded for 9 s: no round has finished");
});

test("a duty is not reported as stuck before it begins, and beginning it again does not restart its time limit", () => {
  let now = 0;
  const duty = createDuty("Claiming jobs", 5_000, () => now);
  now = 60_000;
  expect(duty.whyStuck()).toBeUndefined();
  duty.begin();
  now = 64_000;
  duty.begin();
  expect(duty.whyStuck()).toBeUndefined();
  now = 66_000;
  expect(duty.whyStuck()).toBe("Claiming jobs has not succeeded for 6 s: no round has finished");
});
