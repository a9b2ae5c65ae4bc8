import { expect, test } from "bun:test";
import { ATTEMPT_OUTCOMES } from "../contracts/job.ts";
import { sampleEvent } from "../tests/support/sample-events.ts";
import { describeEvent } from "./event-words.ts";

test("each outcome of an attempt reads as a sentence, with the error's message if there is an error", () => {
  const words = ATTEMPT_OUTCOMES.map((outcome) => {
    const error =
      outcome === "timed-out" ? { error: { code: "DEADLINE_EXCEEDED", message: "Too slow" } } : {};
    const payload = { outcome, attempt: 2, durationMs: 5_000, error: undefined, ...error };
    return describeEvent(sampleEvent("job.executed", { payload })).words;
  });
  expect(words).toEqual([
    "Try 2 ran for 5.0 s",
    "Try 2 failed after 5.0 s",
    "Try 2 timed out after 5.0 s: Too slow",
    "Try 2 was cancelled after 5.0 s",
    "Try 2 was lost after 5.0 s",
  ]);
});
