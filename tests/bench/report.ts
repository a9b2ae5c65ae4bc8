import { mkdir } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import type { RunName, RunResult } from "./runs.ts";

/** The completed runs of one system, and the error that stopped the rest. */
export interface SystemReport {
  system: string;
  settings: Record<string, string>;
  runs: RunResult[];
  error: string | null;
}

export interface BenchReport {
  startedAt: string;
  /** The machine's load average before the first run, as a sign of other activity. */
  loadAverage: number;
  options: Record<string, unknown>;
  /** Each system's medians over the rounds. */
  systems: SystemReport[];
  rounds: SystemReport[][];
}

/**
 * Formats one aligned plain-text table per run. The last column is the first system's figure divided by the row's. For
 * throughput, a ratio above 1 favors the first system; for latency (p50, p99), a ratio below 1 does.
 */
export function formatReport({ systems }: BenchReport, titles: Record<RunName, string>): string {
  const blocks = Object.entries(titles).flatMap(([run, title]) => {
    const rows = systems.flatMap(({ system, runs }) => {
      const result = runs.find((candidate) => candidate.run === run);
      return result ? [{ system, result }] : [];
    });
    const first = rows[0];
    if (!first) return [];
    const table = formatTable([header(first.system), ...rows.map((row) => line(row, first))]);
    return [[title, table, "CPU ms per job and peak memory, by process:", ...rows.map(details)].join("\n")];
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
  await Bun.write(path, `${JSON.stringify({ ...report, machine: machineFacts() }, null, 2)}\n`);
  return path;
}

export const machineFacts = () => ({
  cpus: cpus().length,
  cpuModel: cpus()[0]?.model,
  memoryBytes: totalmem(),
  bun: Bun.version,
  platform: `${process.platform}-${process.arch}`,
});

const legend = `jobs/s is measured from the first request until the last job finished, and latency from a request's due
time until its job finished. CPU, write-ahead log (WAL) and disk are measured from the first request until every job was
observed, and divided by the number of jobs. The CPU sum excludes the load generator. WAL is that of PostgreSQL; disk is the growth of the data folder without WAL.
"observed after" is the time from the last job until the system's event store and counters had caught up.
"live p99 ms" is the time within which 99 of 100 changes reached the live stream.
The last column is the first system's figure divided by the row's. For throughput, a ratio above 1 favors the first
system; for latency (p50, p99), a ratio below 1 does.`;

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
    "live p99 ms",
    "CPU ms/job",
    "WAL/job",
    "disk/job",
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
    result.liveP99Ms === null ? "-" : result.liveP99Ms.toFixed(0),
    result.usage ? perJob(sum(result.usage.map(({ cpuSeconds }) => cpuSeconds)), result) : "n/a",
    result.walBytes === null ? "-" : kilobytes(result.walBytes / result.accepted),
    kilobytes(result.diskBytes / result.accepted),
    ratio,
  ];
}

function times(ratio: number): string {
  return `${ratio.toFixed(2)}×`;
}

/**
 * Formats how many accepted jobs never finished, and how many were refused, by status. The other figures are valid only
 * if both are 0.
 */
function lost({ missing, refused }: RunResult): string {
  const statuses = Object.entries(refused).map(([status, count]) => `${count} × ${status}`);
  return [String(missing), ...statuses].join(", ");
}

/** Lists the CPU and memory of a system's processes, largest first. */
function details({ system, result }: Row): string {
  const parts = result.usage
    ?.toSorted((a, b) => b.cpuSeconds - a.cpuSeconds)
    .map(
      ({ label, cpuSeconds, peakMegabytes }) =>
        `${label} ${perJob(cpuSeconds, result)} ${Math.round(peakMegabytes)} MB`,
    );
  return `  ${system}: ${[...(parts ?? ["n/a"]), `load ${perJob(result.loadCpuSeconds, result)}`].join(" · ")}`;
}

function perJob(seconds: number, { accepted }: RunResult): string {
  return ((seconds * 1000) / accepted).toFixed(3);
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(2)} KB`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

function formatTable(rows: string[][]): string {
  const widths = rows[0]!.map((_cell, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const isText = (column: number) => column === 0;
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
