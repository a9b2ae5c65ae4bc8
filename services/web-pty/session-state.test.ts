import { expect, test } from "bun:test";
import { nextPhase, type Phase, type SessionEvent } from "./session-state.ts";

const run = (...events: SessionEvent[]) =>
  events.reduce<Phase>((phase, event) => nextPhase(phase, event) ?? phase, "starting");

test.each<[SessionEvent[], Phase]>([
  [["started"], "live"],
  [["start-failed"], "closed"],
  [["started", "deserted"], "detached"],
  [["started", "deserted", "attached"], "live"],
  [["started", "deserted", "grace-over"], "closed"],
  [["started", "deserted", "finished"], "detached"],
  [["started", "deserted", "finished", "attached", "finished"], "closed"],
  [["started", "finished"], "closed"],
  [["started", "idle-over"], "closed"],
  [["started", "stopped"], "closed"],
])("the events %p lead to the phase %s", (events, phase) => {
  expect(run(...events)).toBe(phase);
});

test("a live session ignores the end of a grace period, and a closed session stays closed", () => {
  expect(nextPhase("live", "grace-over")).toBeUndefined();
  for (const event of ["started", "attached", "deserted", "finished"] as const)
    expect(nextPhase("closed", event)).toBeUndefined();
});
