import { expect, test } from "bun:test";
import { type Command, outcomeText } from "./commands.ts";

const ids = ["a", "b"];
const payload = { ms: 1 };

test.each<[Command, string]>([
  [{ kind: "retry", ids }, "Retried 2 jobs"],
  [{ kind: "cancel-all", filter: {} }, "Cancelled 2 jobs"],
  [{ kind: "replay", ids }, "Replayed 2 dead letters"],
  [{ kind: "drop-all", filter: {} }, "Dropped 2 dead letters"],
  [{ kind: "replay-edited", id: "a", payload }, "Resubmitted 2 jobs"],
  [{ kind: "pause", type: "hash" }, "Paused queue hash"],
  [{ kind: "submit", request: { type: "sleep", payload }, count: 2 }, "Submitted 2 jobs of type sleep"],
])("the outcome of %j states what it changed", (command, text) => {
  expect(outcomeText(command, { changed: 2, refused: 0 })).toBe(text);
});

test("a notice states what was done, why the rest was refused, and any note", () => {
  const retry: Command = { kind: "retry", ids };
  const reason = "it has completed";
  expect(outcomeText(retry, { changed: 1, refused: 1, reason, note: "No worker runs it" })).toBe(
    "Retried 1 job, 1 refused: it has completed. No worker runs it",
  );
  expect(outcomeText(retry, { changed: 0, refused: 2, reason })).toBe("2 refused: it has completed");
  expect(outcomeText(retry, { changed: 0, refused: 1 })).toBe("1 refused: no reason is known");
});
