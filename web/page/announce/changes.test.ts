import { expect, test } from "bun:test";
import { type Heard, sentencesOf } from "./changes.ts";

const QUIET: Heard = { feed: "live", firing: [], balanced: true };
const alert = (id: string, severity: "critical" | "warning") => ({
  id,
  name: `Alert${id}`,
  severity,
  summary: "Something is wrong",
});

test("neither an unchanged state nor the state at page load is announced", () => {
  const opening: Heard = { feed: "connecting", firing: undefined, balanced: undefined };
  expect(sentencesOf(QUIET, QUIET)).toEqual([]);
  expect(sentencesOf(opening, { feed: "live", firing: [alert("1", "critical")], balanced: false })).toEqual(
    [],
  );
});

test("the loss and the return of the live feed are announced", () => {
  const stale: Heard = { ...QUIET, feed: "stale" };
  expect(sentencesOf(QUIET, stale)).toEqual([
    { text: "Not live: the numbers no longer change", isUrgent: false },
  ]);
  expect(sentencesOf(stale, QUIET)).toEqual([{ text: "Live again", isUrgent: false }]);
});

test("firing and resolved alerts are announced, and a critical alert interrupts the screen reader", () => {
  const before: Heard = { ...QUIET, firing: [alert("1", "warning")] };
  const after: Heard = { ...QUIET, firing: [alert("2", "critical"), alert("3", "warning")] };
  expect(sentencesOf(before, after)).toEqual([
    { text: "Alert, critical: Alert2. Something is wrong", isUrgent: true },
    { text: "Alert, warning: Alert3. Something is wrong", isUrgent: false },
    { text: "Alert resolved: Alert1", isUrgent: false },
  ]);
  // A missing list of alerts resolves no alert, because Alertmanager may be slow.
  expect(sentencesOf(before, { ...QUIET, firing: undefined })).toEqual([]);
});

test("the loss and the return of the ledger's balance are announced", () => {
  const lost: Heard = { ...QUIET, balanced: false };
  expect(sentencesOf(QUIET, lost).map(({ text }) => text)).toEqual(["The ledger is no longer balanced"]);
  expect(sentencesOf(lost, QUIET).map(({ text }) => text)).toEqual(["The ledger is balanced again"]);
});
