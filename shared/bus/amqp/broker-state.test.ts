import { expect, test } from "bun:test";
import { type BrokerEvent, type BrokerState, nextBrokerState, REFUSALS } from "./broker-state.ts";

/** Applies events to a state in order, and returns every state along the way. */
function follow(from: BrokerState, ...events: BrokerEvent[]): BrokerState[] {
  const states: BrokerState[] = [];
  for (const event of events) states.push(nextBrokerState(states.at(-1) ?? from, event));
  return states;
}

test("a blocked broker becomes stalled when a confirm is late, and blocked again after a confirm", () => {
  expect(follow("taking", "blocked", "late", "late", "confirmed", "unblocked")).toEqual([
    "blocked",
    "stalled",
    "stalled",
    "blocked",
    "taking",
  ]);
});

test("when a confirm is late, the broker's state becomes silent, or stalled if it has announced that it is blocked", () => {
  expect(follow("taking", "late", "late", "confirmed")).toEqual(["silent", "silent", "taking"]);
  expect(follow("taking", "late", "blocked", "unblocked", "inTime")).toEqual([
    "silent",
    "stalled",
    "silent",
    "taking",
  ]);
});

test("a broker in any state becomes detached when the connection is lost, until a new connection opens", () => {
  for (const state of ["taking", "blocked", "stalled", "silent"] as const)
    expect(nextBrokerState(state, "lost")).toBe("detached");
  expect(follow("detached", "blocked", "late", "confirmed", "lost", "attached")).toEqual([
    "detached",
    "detached",
    "detached",
    "detached",
    "taking",
  ]);
});

test("messages are refused while the broker is detached, stalled or silent", () => {
  expect(Object.keys(REFUSALS)).toEqual(["detached", "stalled", "silent"]);
});
