import { expect, test } from "bun:test";
import { PLAIN } from "../paint.ts";
import { sampleId } from "../testing/sample-data.ts";
import { resultsText } from "./act-on-jobs.ts";
import { bulkText } from "./bulk-actions.ts";

const style = { paint: PLAIN, width: Number.POSITIVE_INFINITY, now: 0 };
const note = "No worker runs greet, so none of its jobs start";
const retried = { status: "VALIDATED", cancelRequested: false } as const;

test("the output of retry has a note below each job that no worker can run", () => {
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

test("the output of a bulk retry ends with a note if no worker can run the jobs, unless no job matched", () => {
  const reply = { action: "retry", dryRun: false, note } as const;
  expect(bulkText({ ...reply, matched: 1, changed: 1 })).toBe(`Retried 1 of 1 matching job\n${note}`);
  expect(bulkText({ ...reply, matched: 0, changed: 0 })).toBe("Retried 0 of 0 matching jobs");
});

test("a failed bulk action reports how many jobs it changed, and the reason", () => {
  const reply = { action: "cancel", dryRun: false, state: "failed", reason: "not this type" } as const;
  expect(bulkText({ ...reply, matched: 5, changed: 2 })).toBe(
    "Cancelled 2 of 5 matching jobs, then failed: not this type",
  );
});
