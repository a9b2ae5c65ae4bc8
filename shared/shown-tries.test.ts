import { expect, test } from "bun:test";
import { shownTries } from "./shown-tries.ts";

test("the tries shown for a second run count from its start, although attempt numbers continue from the first run", () => {
  const job = { attempt: 5, run: 2, tries: 2, maxAttempts: 3 };
  expect(shownTries(job)).toBe("2/3");
});

test("a job that has not run shows 0 tries, and one without a limit shows only its tries", () => {
  expect(shownTries({ maxAttempts: 3 })).toBe("0/3");
  expect(shownTries({ tries: 2 })).toBe("2");
});
