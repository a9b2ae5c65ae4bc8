import { expect, test } from "bun:test";
import { PLAIN } from "../paint.ts";
import { sampleId } from "../testing/sample-data.ts";
import { resultsText } from "./act-on-jobs.ts";
import { bulkText } from "./bulk-actions.ts";

const style = { paint: PLAIN, width: Number.POSITIVE_INFINITY, now: 0 };
const note = "No worker runs greet, so nothing of it starts";
const retried = { status: "VALIDATED", cancelRequested: false } as const;

test("a retry that no worker can run says so below its job", () => {
  const results = [
    { jobId: sampleId(1), ...retried, note },
    { jobId: sampleId(2), ...retried },
  ];
  expect(resultsText({ action: "retry", results }, style).split("\n")).toEqual([
    expect.stringMatching(/waiting$/),
    note,
    expect.stringMatching(/waiting$/),
  ]);
});

test("a bulk retry says so after its count, and says nothing where nothing matched", () => {
  const reply = { action: "retry", dryRun: false, note } as const;
  expect(bulkText({ ...reply, matched: 1, changed: 1 })).toBe(`Retried 1 job of 1 that matched\n${note}`);
  expect(bulkText({ ...reply, matched: 0, changed: 0 })).toBe("Retried 0 jobs of 0 that matched");
});

test("a bulk action that failed says why", () => {
  const reply = { action: "cancel", dryRun: false, state: "failed", reason: "not this type" } as const;
  expect(bulkText({ ...reply, matched: 5, changed: 2 })).toBe(
    "Cancelled 2 jobs of 5 that matched; it failed: not this type",
  );
});
