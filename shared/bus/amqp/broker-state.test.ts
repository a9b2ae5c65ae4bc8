import { expect, test } from "bun:test";
import { type BrokerEvent, type BrokerState, nextBrokerState, REFUSALS } from "./broker-state.ts";

/** Follows events from a state; returns every state on the way. */
function follow(from: BrokerState, ...events: BrokerEvent[]): BrokerState[] {
  const states: BrokerState[] = [];
  for (const event of events) states.push(nextBrokerState(states.at(-1) ?? from, event));
  return states;
}

test("a blocked broker that stays silent is stalled, and takes messages again after a confirm", () => {
  expect(follow("taking", "blocked", "late", "late", "confirmed", "unblocked")).toEqual([
    "blocked",
    "stalled",
    "stalled",
    "blocked",
    "taking",
  ]);
});

test("unannounced silence is another state, whichever comes first", () => {
  expect(follow("taking", "late", "late", "confirmed")).toEqual(["silent", "silent", "taking"]);
  expect(follow("taking", "late", "blocked", "unblocked", "inTime")).toEqual([
    "silent",
    "stalled",
    "silent",
    "taking",
  ]);
});

test("a lost connection is detached from every state, and nothing but a new one changes that", () => {
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

test("messages are refused where they could not be confirmed", () => {
  expect(Object.keys(REFUSALS)).toEqual(["detached", "stalled", "silent"]);
});
