import { mkdir, rm } from "node:fs/promises";
import { loadavg } from "node:os";
import { resolve } from "node:path";
import { benchGrowth } from "./growth/main.ts";
import { medianReport } from "./medians.ts";
import { observatory } from "./observatory.ts";
import { type BenchOptions, parseBenchOptions } from "./options.ts";
import { peers } from "./peers/all.ts";
import { formatReport, type SystemReport, writeReport } from "./report.ts";
import { runNoopRuns, runSleepRun } from "./runs.ts";
import type { StartOptions, System } from "./system.ts";
import { benchTerminals } from "./terminal/main.ts";

// The observatory comes first, because the report divides the first system's figures by those of each system.
const systems: readonly System[] = [observatory, ...peers];

/** The name in `--only` that selects the terminal benchmark instead of the job benchmarks. */
const TERMINAL = "terminal";

async function main(): Promise<number> {
  const options = parseBenchOptions(process.argv.slice(2));
  const interrupted = onInterrupt();
  if (options.only?.includes(TERMINAL)) {
    if (options.only.length > 1) throw new Error(`--only ${TERMINAL} cannot be combined with other names`);
    return benchTerminals(options, interrupted);
  }
  if (options.growth) return (await benchGrowth(options.growth)) ? 0 : 1;
  const chosen = systems.filter(({ name }) => options.only?.includes(name) ?? true);
  const unknown = options.only?.filter((name) => !systems.some((system) => system.name === name)) ?? [];
  if (unknown.length > 0) {
    throw new Error(
      `Unknown name in --only: ${unknown.join(", ")}. Expected one or more of ${[...systems.map(({ name }) => name), TERMINAL].join(", ")}`,
    );
  }

  const startedAt = new Date().toISOString();
  const loadAverage = loadavg()[0]!;
  if (loadAverage > 0.5) {
    console.log(
      `The machine is busy (load average ${loadAverage.toFixed(1)}): trust the ratios, not the absolute figures`,
    );
  }
  // Each round measures every system, so that a busy minute does not affect one system alone.
  const rounds: SystemReport[][] = [];
  while (rounds.length < options.rounds && !interrupted.aborted) {
    const round: SystemReport[] = [];
    rounds.push(round);
    for (const system of chosen) {
      if (interrupted.aborted) break;
      console.log(`Round ${rounds.length} of ${options.rounds}, ${system.name} …`);
      round.push(await benchSystem(system, options, interrupted));
    }
  }
  const reports = chosen.flatMap(({ name }) => {
    const own = rounds.flat().filter(({ system }) => system === name);
    return own.length === 0 ? [] : [medianReport(own)];
  });
  const report = { startedAt, loadAverage, options: { ...options }, systems: reports, rounds };
  console.log(`\n${formatReport(report, titles(options))}\n\nWritten to ${await writeReport(report)}`);
  const isSound = reports.every(({ error, runs }) => !error && runs.every(({ missing }) => missing === 0));
  if (interrupted.aborted) return 130;
  return isSound ? 0 : 1;
}

/**
 * Aborts on the first SIGINT or SIGTERM. Another signal ends the process immediately, unless it arrives within 1 s of
 * the first.
 */
function onInterrupt(): AbortSignal {
  const controller = new AbortController();
  let firstAt = Number.POSITIVE_INFINITY;
  const interrupt = () => {
    // A single Ctrl-C arrives twice: from the terminal and from `bun run`, which passes it on.
    if (performance.now() - firstAt > 1_000) process.exit(130);
    firstAt = Math.min(firstAt, performance.now());
    controller.abort(new Error("Interrupted"));
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  return controller.signal;
}

/** Runs one system's measurements: no-op jobs on one worker, then 100 ms jobs on fresh engines and two workers. */
async function benchSystem(
  system: System,
  options: BenchOptions,
  signal: AbortSignal,
): Promise<SystemReport> {
  const report: SystemReport = { system: system.name, settings: {}, runs: [], error: null };
  const sizes = { ...options, signal };
  try {
    if (options.runs.some((run) => run !== "sleep-100ms"))
      await withSystem(system, "noop", options, signal, async (running) => {
        report.settings.noop = running.settings;
        await runNoopRuns(running, sizes, (result) => report.runs.push(result));
      });
    if (options.runs.includes("sleep-100ms"))
      await withSystem(system, "sleep", options, signal, async (running) => {
        report.settings.sleep = running.settings;
        report.runs.push(await runSleepRun(running, sizes));
      });
  } catch (error) {
    report.error =
      error instanceof Error ? [error.message, error.cause].filter(Boolean).join(": ") : String(error);
  }
  return report;
}

async function withSystem(
  system: System,
  profile: StartOptions["profile"],
  { slots, engines }: BenchOptions,
  signal: AbortSignal,
  use: (running: Awaited<ReturnType<System["start"]>>) => Promise<void>,
): Promise<void> {
  // The data stays inside the project, because the temporary folder may be in memory, where fsync costs nothing and the
  // results would be too good.
  const dataDir = resolve(`.observatory/bench-${process.pid}/${system.name}-${profile}`);
  await mkdir(dataDir, { recursive: true });
  const workers = profile === "sleep" ? sleepWorkers : 1;
  try {
    const running = await system.start({ dataDir, workers, profile, slots, engines, signal });
    try {
      await use(running);
    } finally {
      await running.stop();
    }
  } finally {
    await rm(resolve(dataDir, ".."), { recursive: true, force: true });
  }
}

const sleepWorkers = 2;

function titles({ jobs, batchSize, rateSeconds, sleepJobs, slots }: BenchOptions) {
  return {
    singles: `Single POSTs: ${jobs} no-op jobs, closed loop, 64 connections`,
    batches: `Bulk submit: ${jobs} no-op jobs in batches of ${batchSize}, closed loop, 4 connections`,
    "rate-50": `Time from POST to completion at 50 jobs per second, ${rateSeconds} s, open loop`,
    "rate-500": `Time from POST to completion at 500 jobs per second, ${rateSeconds} s, open loop`,
    "sleep-100ms": `${sleepJobs} jobs of 100 ms on ${sleepWorkers} workers of ${slots} slots (at most ${sleepWorkers * slots * 10} jobs/s)`,
  };
}

// Exits explicitly, because pending deadline timers would keep the process alive for minutes.
try {
  process.exit(await main());
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
