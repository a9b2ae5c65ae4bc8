import { mkdir } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import type { RunName, RunResult } from "./runs.ts";

/** All runs of one system, or why there are none. */
export interface SystemReport {
  system: string;
  settings: Record<string, string>;
  runs: RunResult[];
  error: string | null;
}

export interface BenchReport {
  startedAt: string;
  /** The machine's load average before the first run: what else was going on. */
  loadAverage: number;
  options: Record<string, unknown>;
  systems: SystemReport[];
}

/**
 * One aligned plain-text table per run. The last column divides the first system of the list by each other:
 * above 1 is good for jobs/s, below 1 is good for milliseconds.
 */
export function formatReport({ systems }: BenchReport, titles: Record<RunName, string>): string {
  const blocks = Object.entries(titles).flatMap(([run, title]) => {
    const rows = systems.flatMap(({ system, runs }) => {
      const result = runs.find((candidate) => candidate.run === run);
      return result ? [{ system, result }] : [];
    });
    const first = rows[0];
    if (!first) return [];
    return [`${title}\n${formatTable([header(first.system), ...rows.map((row) => line(row, first))])}`];
  });
  const failures = systems.flatMap(({ system, error }) => (error ? [`${system} failed: ${error}`] : []));
  const settings = systems.flatMap(({ system, settings }) =>
    Object.entries(settings).map(([profile, text]) => `  ${system} (${profile}): ${text}`),
  );
  return [...blocks, legend, ["Settings", ...settings].join("\n"), ...failures].join("\n\n");
}

/** Writes the report as JSON under artifacts/bench/ and returns the path. */
export async function writeReport(report: BenchReport): Promise<string> {
  const folder = "artifacts/bench";
  await mkdir(folder, { recursive: true });
  const path = `${folder}/${report.startedAt.replaceAll(":", "-")}.json`;
  const machine = {
    cpus: cpus().length,
    cpuModel: cpus()[0]?.model,
    memoryBytes: totalmem(),
    bun: Bun.version,
    platform: `${process.platform}-${process.arch}`,
  };
  await Bun.write(path, `${JSON.stringify({ ...report, machine }, null, 2)}\n`);
  return path;
}

const legend = `jobs/s counts from the first request to the last finished job, milliseconds from when a request was due
until its job was finished. CPU is a share of one core over the run, memory the peak of a process with its children.
"observed after" is how long after the last job its system's own event store and counters had caught up.
The last column: above 1 the first system does more jobs/s; below 1 its milliseconds are fewer.`;

interface Row {
  system: string;
  result: RunResult;
}

function header(first: string): string[] {
  return [
    "system",
    "jobs/s",
    "accepted/s",
    "p50 ms",
    "p99 ms",
    "lost",
    "observed after",
    "CPU, memory",
    `${first} ÷ this`,
  ];
}

function line({ system, result }: Row, { result: first }: Row): string[] {
  const isRate = result.run.startsWith("rate-");
  const ratio = isRate
    ? `p50 ${times(first.p50Ms / result.p50Ms)} p99 ${times(first.p99Ms / result.p99Ms)}`
    : times(first.jobsPerSecond / result.jobsPerSecond);
  return [
    system,
    Math.round(result.jobsPerSecond).toString(),
    Math.round(result.acceptedPerSecond).toString(),
    result.p50Ms.toFixed(1),
    result.p99Ms.toFixed(1),
    lost(result),
    result.observationLagSeconds === null ? "-" : `${result.observationLagSeconds.toFixed(1)} s`,
    usage(result),
    ratio,
  ];
}

function times(ratio: number): string {
  return `${ratio.toFixed(2)}×`;
}

/** Accepted but never finished, and what was refused: both must be 0 for the other figures to count. */
function lost({ missing, refused }: RunResult): string {
  const statuses = Object.entries(refused).map(([status, count]) => `${count} × ${status}`);
  return [String(missing), ...statuses].join(", ");
}

function usage({ usage, seconds, loadCpuSeconds }: RunResult): string {
  const percent = (cpuSeconds: number) => `${Math.round((cpuSeconds / seconds) * 100)} %`;
  const parts = usage?.map(
    ({ label, cpuSeconds, peakMegabytes }) =>
      `${label} ${percent(cpuSeconds)} ${Math.round(peakMegabytes)} MB`,
  );
  return [...(parts ?? ["n/a"]), `load ${percent(loadCpuSeconds)}`].join(" · ");
}

function formatTable(rows: string[][]): string {
  const widths = rows[0]!.map((_cell, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const isText = (column: number) => column === 0 || column === 7;
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          isText(column) ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
