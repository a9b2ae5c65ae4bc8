import { type Completions, joinCompletions, quantile, waitForCompletion } from "./completion.ts";
import { type LoadResult, runClosedLoop, runOpenLoop } from "./load.ts";
import type { RunningSystem } from "./system.ts";
import { type ProcessUsage, startUsageMeter } from "./usage.ts";

export const runNames = ["singles", "batches", "rate-50", "rate-500", "sleep-100ms"] as const;
export type RunName = (typeof runNames)[number];

/** How large the runs are; `--quick` shrinks all of it. */
export interface RunSizes {
  jobs: number;
  batchSize: number;
  rateSeconds: number;
  sleepJobs: number;
  signal: AbortSignal;
}

/** What one run of one system gave. Latency counts from due to finished, throughput to the last finish. */
export interface RunResult {
  run: RunName;
  accepted: number;
  missing: number;
  refused: Record<string, number>;
  acceptedPerSecond: number;
  jobsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  seconds: number;
  usage: ProcessUsage[] | null;
  loadCpuSeconds: number;
  /** How long after its last job the system's own observers had caught up; null where there are none. */
  observationLagSeconds: number | null;
}

/** The runs that one worker serves, in this order; batches are left out where there is no bulk submit. */
export async function runNoopRuns(system: RunningSystem, sizes: RunSizes): Promise<RunResult[]> {
  const { signal, jobs } = sizes;
  const single = { url: system.submitUrl, body: JSON.stringify(noop), jobs: 1 };
  const common = { readJobIds: system.readJobIds, deadlineMs, signal };
  const results: RunResult[] = [];
  await warmUp(system, sizes);
  results.push(
    await measure("singles", system, sizes, () =>
      runClosedLoop({ ...common, request: single, connections: singleConnections, totalJobs: jobs }),
    ),
  );
  if (system.batchUrl) {
    const request = batchRequest(system.batchUrl, noop, sizes.batchSize);
    results.push(
      await measure("batches", system, sizes, () =>
        runClosedLoop({ ...common, request, connections: batchConnections, totalJobs: jobs }),
      ),
    );
  }
  for (const ratePerSecond of [50, 500] as const) {
    const options = { ...common, request: single, connections: singleConnections, ratePerSecond };
    results.push(
      await measure(`rate-${ratePerSecond}`, system, sizes, () =>
        runOpenLoop({ ...options, seconds: sizes.rateSeconds }),
      ),
    );
  }
  return results;
}

/** Jobs of 100 ms on several workers: shows whether slots stay idle while work waits. */
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

/** Lets both sides compile and the engines fill their caches; its jobs are not measured. */
async function warmUp(system: RunningSystem, { jobs, signal }: RunSizes): Promise<void> {
  const expected = await system.completedCount();
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
  await waitForCompletion(system, { expected: expected + accepted.length, stallMs, signal });
}

async function measure(
  run: RunName,
  system: RunningSystem,
  { signal }: RunSizes,
  sendLoad: () => Promise<LoadResult>,
): Promise<RunResult> {
  const before = await system.completedCount();
  const meter = startUsageMeter(system.processes());
  const ownCpu = process.cpuUsage();
  const startedAt = performance.now();
  const load = await sendLoad();
  const { user, system: kernel } = process.cpuUsage(ownCpu);
  await waitForCompletion(system, { expected: before + load.accepted.length, stallMs, signal });
  const seconds = (performance.now() - startedAt) / 1000;
  const usage = meter.stop();
  signal.throwIfAborted();
  const loadCpuSeconds = (user + kernel) / 1e6;
  const endedAt = performance.now();
  await system.settle?.();
  const observationLagSeconds = system.settle ? (performance.now() - endedAt) / 1000 : null;
  const summary = summarise(load, await joinCompletions(system, load));
  return { run, ...summary, seconds, usage, loadCpuSeconds, observationLagSeconds };
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
