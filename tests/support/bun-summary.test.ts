import { expect, test } from "bun:test";
import { readBunSummary } from "./bun-summary.ts";

const NESTED = " 1 pass\n 0 fail\n 1 expect() calls\nRan 1 test across 1 file. [1.26s]\n";

test("only the last summary counts, even if a test printed the summary of another run", () => {
  const own = " 38 pass\n 2 skip\n 1 fail\n 402 expect() calls\nRan 41 tests across 9 files. [261.03s]\n";
  expect(readBunSummary(`(pass) one [1.00ms]\n\n${NESTED}(pass) two [2.00ms]\n\n${own}`)).toEqual({
    passed: 38,
    failed: 1,
    skipped: 2,
  });
});

test("a summary with filtered-out tests and without expect() calls is read too", () => {
  const own = " 3 pass\n 4 filtered out\n 0 fail\nRan 3 tests across 1 file. [0.10s]\n";
  expect(readBunSummary(own)).toEqual({ passed: 3, failed: 0, skipped: 0 });
});

test("every count is 0 if the output has no summary", () => {
  expect(readBunSummary("Segmentation fault")).toEqual({ passed: 0, failed: 0, skipped: 0 });
});
