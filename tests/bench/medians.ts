import type { SystemReport } from "./report.ts";
import type { RunResult } from "./runs.ts";
import type { ProcessUsage } from "./usage.ts";

/**
 * Merges one system's reports of several rounds into one that holds the median of every figure. It adds up lost and
 * refused jobs and keeps an error if any round had one, so that good rounds cannot hide a bad one.
 */
export function medianReport(rounds: readonly SystemReport[]): SystemReport {
  const runs = Map.groupBy(
    rounds.flatMap((round) => round.runs),
    ({ run }) => run,
  );
  return {
    system: rounds[0]?.system ?? "",
    settings: Object.assign({}, ...rounds.map(({ settings }) => settings)),
    runs: [...runs.values()].map(medianRun),
    error: rounds.find(({ error }) => error !== null)?.error ?? null,
  };
}

function medianRun(results: readonly RunResult[]): RunResult {
  const of = (value: (result: RunResult) => number) => median(results.map(value));
  const ofKnown = (value: (result: RunResult) => number | null) => {
    const known = results.map(value).filter((one) => one !== null);
    return known.length === 0 ? null : median(known);
  };
  const refused: Record<string, number> = {};
  for (const result of results)
    for (const [status, count] of Object.entries(result.refused))
      refused[status] = (refused[status] ?? 0) + count;
  return {
    run: results[0]!.run,
    accepted: of(({ accepted }) => accepted),
    missing: results.reduce((sum, { missing }) => sum + missing, 0),
    refused,
    acceptedPerSecond: of(({ acceptedPerSecond }) => acceptedPerSecond),
    jobsPerSecond: of(({ jobsPerSecond }) => jobsPerSecond),
    p50Ms: of(({ p50Ms }) => p50Ms),
    p99Ms: of(({ p99Ms }) => p99Ms),
    seconds: of(({ seconds }) => seconds),
    usage: medianUsage(results.map(({ usage }) => usage ?? [])),
    loadCpuSeconds: of(({ loadCpuSeconds }) => loadCpuSeconds),
    walBytes: ofKnown(({ walBytes }) => walBytes),
    diskBytes: of(({ diskBytes }) => diskBytes),
    observationLagSeconds: ofKnown(({ observationLagSeconds }) => observationLagSeconds),
    liveP99Ms: ofKnown(({ liveP99Ms }) => liveP99Ms),
  };
}

function medianUsage(rounds: readonly (readonly ProcessUsage[])[]): ProcessUsage[] | null {
  const usage = [...Map.groupBy(rounds.flat(), ({ label }) => label)].map(([label, one]) => ({
    label,
    cpuSeconds: median(one.map(({ cpuSeconds }) => cpuSeconds)),
    peakMegabytes: median(one.map(({ peakMegabytes }) => peakMegabytes)),
  }));
  return usage.length === 0 ? null : usage;
}

/** Returns the middle value, or the mean of the two middle values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
