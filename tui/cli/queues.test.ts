import { expect, test } from "bun:test";
import { PLAIN } from "../paint.ts";
import { pauseText, queuesText } from "./queues.ts";

const style = { paint: PLAIN, width: Number.POSITIVE_INFINITY, now: 0 };
const idle = { waiting: 0, scheduled: 0, executing: 0, paused: false, oldestWaitingMs: null };
const note = "No worker runs greet, so none of its jobs start";

test("a type that no worker runs is marked in the table and explained below it", () => {
  const queues = [
    { type: "greet", ...idle, waiting: 2, paused: true, note },
    { type: "sleep", ...idle },
  ];
  const text = queuesText({ queues, bus: [], busAt: null, deadLetters: 0, outbox: 0 }, style);
  expect(text).toMatch(/^greet .*‖ paused, no worker, see below$/m);
  expect(text).toMatch(/^sleep .*0$/m);
  expect(text).toContain(`greet: ${note}`);
});

test("resuming a type that no worker runs prints its note and does not report it as running", () => {
  const results = [{ type: "greet", paused: false, changed: true, note }];
  expect(pauseText({ results })).toBe(`greet has been resumed\n${note}`);
  expect(pauseText({ results: [{ type: "sleep", paused: false, changed: false }] })).toBe("sleep is running");
});
