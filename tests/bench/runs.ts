import {
  type Completions,
  joinCompletions,
  quantile,
  waitForCompletion,
  waitForObservers,
} from "./completion.ts";
import { diskBytes } from "./disk.ts";
import { watchLiveDelay } from "./live-delay.ts";
import { type LoadResult, runClosedLoop, runOpenLoop } from "./load.ts";
import type { RunningSystem } from "./system.ts";
import { type ProcessUsage, startUsageMeter } from "./usage.ts";

/** The runs, in the order in which they are made. */
export const RUN_NAMES = ["rate-50", "rate-500", "singles", "batches", "sleep-100ms"] as const;
export type RunName = (typeof RUN_NAMES)[number];

/** The sizes of the runs; `--quick` reduces them all. */
export interface RunSizes {
  runs: readonly RunName[];
  jobs: number;
  batchSize: number;
  rateSeconds: number;
  sleepJobs: number;
  signal: AbortSignal;
}

/**
 * The results of one run of one system. A job's latency starts when its request was due to be sent. Throughput is
 * measured until the last job has ended.
 */
export interface RunResult {
  run: RunName;
  accepted: number;
  missing: number;
  refused: Record<string, number>;
  acceptedPerSecond: number;
  jobsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  /**
   * From the first request until the observers, which record the events, had caught up. CPU, WAL and disk are measured
   * over this time.
   */
  seconds: number;
  usage: ProcessUsage[] | null;
  loadCpuSeconds: number;
  /** Null if the system does not use PostgreSQL. */
  walBytes: number | null;
  diskBytes: number;
  /**
   * The time from the end of the last job until the observers had recorded all jobs; null if the system has no
   * observers.
   */
  observationLagSeconds: number | null;
  /**
   * The time within which 99 of 100 changes reached the live stream; null if the system has no stream or the run has no
   * fixed rate.
   */
  liveP99Ms: number | null;
}

/**
 * Runs the measurements with one worker. The runs at a fixed rate come first, because FerretDB finds ids by scanning a
 * collection and each lookup costs more after tens of thousands of jobs. Skips the run with batches if the system
 * cannot submit jobs in bulk.
 */
export async function runNoopRuns(
  system: RunningSystem,
  sizes: RunSizes,
  tell: (result: RunResult) => void,
): Promise<void> {
  const { signal, jobs, runs } = sizes;
  const single = { url: system.submitUrl, body: JSON.stringify(noop), jobs: 1 };
  const common = { readJobIds: system.readJobIds, deadlineMs, signal };
  await warmUp(system, sizes);
  for (const ratePerSecond of [50, 500] as const) {
    if (!runs.includes(`rate-${ratePerSecond}`)) continue;
    const options = { ...common, request: single, connections: singleConnections, ratePerSecond };
    tell(
      await measure(`rate-${ratePerSecond}`, system, sizes, () =>
        runOpenLoop({ ...options, seconds: sizes.rateSeconds }),
      ),
    );
  }
  if (runs.includes("singles"))
    tell(
      await measure("singles", system, sizes, () =>
        runClosedLoop({ ...common, request: single, connections: singleConnections, totalJobs: jobs }),
      ),
    );
  if (system.batchUrl && runs.includes("batches")) {
    const request = batchRequest(system.batchUrl, noop, sizes.batchSize);
    tell(
      await measure("batches", system, sizes, () =>
        runClosedLoop({ ...common, request, connections: batchConnections, totalJobs: jobs }),
      ),
    );
  }
}

/** Runs 100 ms jobs on several workers, which shows whether slots stay idle while jobs wait. */
export async function runSleepRun(system: RunningSystem, sizes: RunSizes): Promise<RunResult> {
  await warmUp(system, { ...sizes, jobs: 1_000 });
  const job = { type: "sleep", payload: { ms: 100 } };
  const request = system.batchUrl
    ? batchRequest(system.batchUrl, job, sizes.batchSize)
    : { url: system.submitUrl, body: JSON.stringify(job), jobs: 1 };
  return await measure("sleep-100ms", system, sizes, () =>
    runClosedLoop({
      request,
      readJobIds: system.readJobIds,
      deadlineMs,
      signal: sizes.signal,
      connections: batchConnections,
      totalJobs: sizes.sleepJobs,
    }),
  );
}

const noop = { type: "sleep", payload: { ms: 0 } };
const singleConnections = 64;
const batchConnections = 4;
const stallMs = 20_000;
const deadlineMs = 600_000;

function batchRequest(url: string, job: object, size: number) {
  return { url, body: JSON.stringify({ jobs: Array.from({ length: size }, () => job) }), jobs: size };
}

/** Runs unmeasured jobs first, so that JIT compilation is over and the engines' caches are full. */
async function warmUp(system: RunningSystem, { jobs, signal }: RunSizes): Promise<void> {
  const observedBefore = (await system.observed?.()) ?? 0;
  const request = { url: system.submitUrl, body: JSON.stringify(noop), jobs: 1 };
  const totalJobs = Math.min(2_000, Math.ceil(jobs / 5));
  const { accepted } = await runClosedLoop({
    request,
    readJobIds: system.readJobIds,
    deadlineMs,
    connections: singleConnections,
    totalJobs,
    signal,
  });
  await waitForEnd(
    system,
    accepted.map(({ jobId }) => jobId),
    observedBefore,
    signal,
  );
}

/** Waits until the jobs have finished and are observed; returns how much longer the observers took. */
async function waitForEnd(
  system: RunningSystem,
  jobIds: readonly string[],
  observedBefore: number,
  signal: AbortSignal,
): Promise<number | null> {
  await waitForCompletion(system, { jobIds, stallMs, signal });
  signal.throwIfAborted();
  if (!system.observed) return null;
  const endedAt = performance.now();
  await waitForObservers(system.observed, { expected: observedBefore + jobIds.length, stallMs, signal });
  return (performance.now() - endedAt) / 1000;
}

async function measure(
  run: RunName,
  system: RunningSystem,
  { signal }: RunSizes,
  sendLoad: () => Promise<LoadResult>,
): Promise<RunResult> {
  const observedBefore = (await system.observed?.()) ?? 0;
  const walBefore = await system.walBytes?.();
  const diskBefore = diskBytes(system.dataDir);
  const meter = startUsageMeter(await system.processes());
  // Measured only in runs at a fixed rate, because under full load the stream shows viewers only part of the changes.
  const stopWatching = run.startsWith("rate-") ? watchLiveDelay(system) : async () => null;
  const ownCpu = process.cpuUsage();
  const startedAt = performance.now();
  const load = await sendLoad();
  const { user, system: kernel } = process.cpuUsage(ownCpu);
  const jobIds = load.accepted.map(({ jobId }) => jobId);
  const observationLagSeconds = await waitForEnd(system, jobIds, observedBefore, signal);
  const seconds = (performance.now() - startedAt) / 1000;
  const usage = meter.stop();
  const walAfter = await system.walBytes?.();
  const delays = await stopWatching();
  return {
    run,
    ...summarise(load, await joinCompletions(system, load)),
    seconds,
    usage,
    loadCpuSeconds: (user + kernel) / 1e6,
    walBytes: walBefore === undefined || walAfter === undefined ? null : walAfter - walBefore,
    diskBytes: diskBytes(system.dataDir) - diskBefore,
    observationLagSeconds,
    liveP99Ms: delays && quantile(delays, 0.99),
  };
}

function summarise(load: LoadResult, done: Completions) {
  const finished = load.accepted.length - done.missing;
  return {
    accepted: load.accepted.length,
    missing: done.missing,
    refused: load.refused,
    acceptedPerSecond: (load.accepted.length * 1000) / (load.endedAt - load.startedAt),
    jobsPerSecond: finished > 0 ? (finished * 1000) / (done.lastFinishedAt - load.startedAt) : 0,
    p50Ms: quantile(done.latenciesMs, 0.5),
    p99Ms: quantile(done.latenciesMs, 0.99),
  };
}
