import { expect, test } from "bun:test";
import { pauseText, queuesText } from "./queues.ts";
import { PLAIN } from "./style.ts";

const style = { paint: PLAIN, width: Number.POSITIVE_INFINITY, now: 0 };
const idle = { waiting: 0, scheduled: 0, executing: 0, paused: false, oldestWaitingMs: null };
const note = "No worker runs greet, so nothing of it starts";

test("a type that no worker runs is marked, with the ways out below", () => {
  const queues = [
    { type: "greet", ...idle, waiting: 2, paused: true, note },
    { type: "sleep", ...idle },
  ];
  const text = queuesText({ queues, bus: [], busAt: null, deadLetters: 0, outbox: 0 }, style);
  expect(text).toMatch(/^greet .*‖ paused, no worker, see below$/m);
  expect(text).toMatch(/^sleep .*0$/m);
  expect(text).toContain(`greet: ${note}`);
});

test("to resume such a type says so instead of that it runs", () => {
  const results = [{ type: "greet", paused: false, changed: true, note }];
  expect(pauseText({ results })).toBe(`greet is now resumed\n${note}`);
  expect(pauseText({ results: [{ type: "sleep", paused: false, changed: false }] })).toBe("sleep is running");
});
