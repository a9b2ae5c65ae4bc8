import { expect, test } from "bun:test";
import type { Ledger } from "../../contracts/api-queries.ts";
import { verdictOn } from "./ledger-verdict.ts";

const ledger = {
  watermark: "2026-01-02T12:00:00Z",
  reopened: 0,
  accepted: 7,
  balanced: true,
  waitingFor: [],
} as unknown as Ledger;
const itself = { what: "ledger", since: null, message: "The ledger itself" } as const;
const titleOf = (part: Partial<Ledger>) => verdictOn({ ...ledger, ...part }).title;

test("while the ledger catches up, the verdict is Counting unless the balance is broken", () => {
  expect(titleOf({ waitingFor: [itself] })).toBe("Counting");
  expect(titleOf({ waitingFor: [itself], accepted: 0 })).toBe("Counting");
  expect(titleOf({ waitingFor: [itself], balanced: false })).toBe("Not balanced");
});

test("the verdict stays the same while a past span of time is counted again and while jobs run", () => {
  expect(titleOf({ waitingFor: [itself], reopened: 1 })).toMatch(/^Balanced at \d\d:\d\d$/);
  expect(titleOf({ waitingFor: [{ ...itself, what: "jobs" }] })).toMatch(/^Balanced at/);
  expect(titleOf({ accepted: 0 })).toBe("Nothing accepted yet");
  expect(verdictOn(undefined).title).toBe("Counting");
});
