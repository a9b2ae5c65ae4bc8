import { expect, test } from "bun:test";
import { isUp, type Launch, stepsOf } from "./launch-state.ts";

const launch = (lines: readonly string[], exitCode?: number): Launch => ({
  doing: "start",
  tier: "kind",
  startedAt: 0,
  lines,
  ...(exitCode !== undefined && { exitCode }),
});

test("a cluster's steps show their progress, then how long they took", () => {
  const lines = [
    "prereqs done in 0.4 s: docker 27 answers",
    "Waiting for pods: 3 of 20 parts are running; missing: redis",
  ];
  expect(stepsOf(launch(lines))).toEqual([
    { name: "prereqs", state: "ready", detail: "0.4 s" },
    { name: "pods", state: "waiting", detail: "3 of 20 parts are running; missing: redis" },
  ]);
});

test("a system in containers counts as up once the command that starts it has succeeded", () => {
  expect(isUp(launch([]))).toBe(false);
  expect(isUp(launch([], 0))).toBe(true);
  expect(isUp(launch([], 1))).toBe(false);
});
