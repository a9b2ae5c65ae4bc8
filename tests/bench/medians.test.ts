import { expect, test } from "bun:test";
import { median, medianReport } from "./medians.ts";
import type { SystemReport } from "./report.ts";
import type { RunResult } from "./runs.ts";

const result = (facts: Partial<RunResult>): RunResult => ({
  run: "singles",
  accepted: 100,
  missing: 0,
  refused: {},
  acceptedPerSecond: 1,
  jobsPerSecond: 1,
  p50Ms: 1,
  p99Ms: 1,
  seconds: 1,
  usage: null,
  loadCpuSeconds: 0,
  walBytes: null,
  diskBytes: 0,
  observationLagSeconds: null,
  liveP99Ms: null,
  ...facts,
});
const report = (facts: Partial<RunResult>, error: string | null = null): SystemReport => ({
  system: "one",
  settings: { noop: "as it is" },
  runs: [result(facts)],
  error,
});

test("the median is the middle value, or the mean of the two middle values", () => {
  expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([7])]).toEqual([2, 2.5, 7]);
  expect(median([])).toBeNaN();
});

test("a report over several rounds has the median of each figure and of each process's usage", () => {
  const rounds = [
    report({
      jobsPerSecond: 10,
      p50Ms: 5,
      walBytes: 100,
      usage: [{ label: "a", cpuSeconds: 1, peakMegabytes: 9 }],
    }),
    report({
      jobsPerSecond: 30,
      p50Ms: 1,
      walBytes: 300,
      usage: [{ label: "a", cpuSeconds: 3, peakMegabytes: 7 }],
    }),
    report({
      jobsPerSecond: 20,
      p50Ms: 9,
      walBytes: 200,
      usage: [{ label: "a", cpuSeconds: 2, peakMegabytes: 8 }],
    }),
  ];
  expect(medianReport(rounds).runs).toEqual([
    result({
      jobsPerSecond: 20,
      p50Ms: 5,
      walBytes: 200,
      usage: [{ label: "a", cpuSeconds: 2, peakMegabytes: 8 }],
    }),
  ]);
});

test("good rounds do not hide a lost job, a refusal or a failure in another round", () => {
  const rounds = [report({}), report({ missing: 2, refused: { 503: 4 } }), report({}, "it broke")];
  expect(medianReport(rounds)).toMatchObject({
    runs: [{ missing: 2, refused: { 503: 4 } }],
    error: "it broke",
  });
});
