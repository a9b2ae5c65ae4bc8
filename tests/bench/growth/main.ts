import type { Ledger } from "../../../contracts/api-queries.ts";
import { createPruneStore } from "../../../services/processor/prune-store.ts";
import { sweep } from "../../../services/processor/retention.ts";
import { createDuty } from "../../../shared/duty.ts";
import { createLog } from "../../../shared/log.ts";
import { openObservations } from "../../../shared/observations/open.ts";
import { openPostgres } from "../../../shared/postgres.ts";
import { fillJobs } from "../../support/fill-jobs.ts";
import { eventually } from "../../support/wait.ts";
import { createWorld, type World } from "../../support/world.ts";
import { growTo, settle } from "./history.ts";
import {
  call,
  ledgerUnderLoad,
  type Measured,
  measure,
  median,
  noops,
  QUERIES,
  untilCompleted,
} from "./measure.ts";

const log = createLog({ service: "bench", level: "silent" });
const HOUR_MS = 3_600_000;
/** A simulated day: each round stands for an hour of jobs, and retention keeps about three rounds. */
const ROUNDS = 24;
const ROUND_JOBS = 3_000;
/** Rounds begin at this interval on any machine, so that retention always keeps the same number of them. */
const ROUND_MS = 8_000;
const KEPT_MS = 20_000;
const EVENTS_KEPT_MS = 60_000;
const FLAT = 1.5;
/**
 * Shorter times are raised to this value before they are compared, because differences of a fraction of a millisecond
 * are noise.
 */
const LEAST_MS = 3;

/**
 * Measures how query times, claim times and disk use grow with the number of stored jobs on one PostgreSQL. Returns
 * whether they stay flat.
 */
export async function benchGrowth(sizes: readonly number[]): Promise<boolean> {
  const grown = await withWorld(async (world) => {
    const columns: Column[] = [];
    const largest = sizes.at(-1) ?? 0;
    const observations = observationsOf(world);
    try {
      let have = 0;
      for (const size of sizes) {
        const startedAt = performance.now();
        await growTo(size, have, { sql: world.sql, observations, capacity: largest });
        have = size;
        const grownS = (performance.now() - startedAt) / 1_000;
        const sealedS = await sealed(world);
        await settle(world.sql);
        console.log(`${size} jobs: inserted in ${grownS.toFixed(0)} s, sealed ${sealedS.toFixed(0)} s later`);
        columns.push({
          name: String(size),
          measured: await measure(world),
          bytesPerJob: (await bytesOf(world)) / size,
        });
      }
    } finally {
      await observations.close();
    }
    printColumns(columns);
    const { times, perSecond } = await ledgerUnderLoad(world, 15_000);
    console.log(
      `/ledger with ${largest} stored jobs and ${Math.round(perSecond)} new jobs/s: ` +
        `p50 ${median(times).toFixed(0)} ms, worst ${Math.max(...times).toFixed(0)} ms of ${times.length} calls`,
    );
    const beside = [columns[0]!, await measureBacklog(world, largest)];
    printColumns(beside);
    return [columns, beside].every((some) => isFlat(some.map(({ measured }) => measured)));
  });
  const steady = await withWorld(simulateDay);
  return grown && steady;
}

/** Measurements at one size of the store; `bytesPerJob` is null if the jobs have no events. */
interface Column {
  readonly name: string;
  readonly measured: Measured;
  readonly bytesPerJob: number | null;
}

/** Measures with `count` paused and `count` scheduled jobs. They have no events, so the ledger is not measured. */
async function measureBacklog(world: World, count: number): Promise<Column> {
  await world.post("/queues/hash/pause");
  await fillJobs(world.sql, { count, type: "hash", status: "VALIDATED" });
  await fillJobs(world.sql, { count, type: "sleep", status: "SCHEDULED", dueInMs: 24 * HOUR_MS, due: false });
  await settle(world.sql);
  const queries = QUERIES.filter((path) => path !== "/ledger");
  return {
    name: `with ${count} paused, ${count} scheduled`,
    measured: await measure(world, queries),
    bytesPerJob: null,
  };
}

async function withWorld<T>(use: (world: World) => Promise<T>): Promise<T> {
  const world = await createWorld({ engines: "embedded" });
  try {
    return await use(world);
  } finally {
    await world[Symbol.asyncDispose]();
  }
}

function observationsOf({ urls }: World) {
  // The event store's clock is set back to the time of the oldest past job. Otherwise past events would count as late,
  // that is, as recorded long after they occurred.
  return openObservations({
    eventsUrl: urls.EVENTS_URL,
    cacheUrl: urls.CACHE_URL,
    log,
    now: () => Date.now() - 60 * HOUR_MS,
  });
}

/**
 * Waits until the ledger has sealed the past (judged it and stored the sums), and returns how many seconds that took.
 */
async function sealed(world: World): Promise<number> {
  const startedAt = performance.now();
  await eventually(
    async () => {
      const { sealedUntil, reopened } = await world.get<Ledger>("/ledger");
      return reopened === 0 && Date.now() - Date.parse(sealedUntil ?? "") < 60_000;
    },
    { what: "the ledger to be sealed", timeoutMs: 600_000, everyMs: 500 },
  );
  return (performance.now() - startedAt) / 1_000;
}

/** Runs jobs round by round while retention deletes the jobs of earlier rounds. */
async function simulateDay(world: World): Promise<boolean> {
  const sql = openPostgres({ url: world.urls.DATABASE_URL, max: 1, name: "sweep", arrays: false });
  const observations = observationsOf(world);
  const prune = createPruneStore(sql);
  const duty = createDuty("Pruning", HOUR_MS);
  const rows: {
    round: number;
    mebibytes: number;
    jobs: number;
    memory: number;
    jobsMs: number;
    ledgerMs: number;
  }[] = [];
  try {
    const begunAt = performance.now();
    for (let round = 1; round <= ROUNDS; round++) {
      await Bun.sleep(Math.max(0, begunAt + (round - 1) * ROUND_MS - performance.now()));
      const startedAt = performance.now();
      await untilCompleted(world, await world.submitMany(noops(ROUND_JOBS)));
      const tookMs = performance.now() - startedAt;
      await sweep(
        {
          store: prune,
          log,
          duty,
          hours: { jobs: 72, failed: 72 },
          now: () => Date.now() + 72 * HOUR_MS - KEPT_MS,
        },
        new AbortController().signal,
      );
      await observations.prune(new Date(Date.now() - EVENTS_KEPT_MS));
      const [row] = await world.sql<{ jobs: number }[]>`select count(*)::int as jobs from jobs`;
      rows.push({
        round,
        mebibytes: (await bytesOf(world)) / 1_048_576,
        jobs: row?.jobs ?? 0,
        memory: await memoryOf(world),
        jobsMs: tookMs,
        ledgerMs: await call(world, "/ledger"),
      });
    }
  } finally {
    await observations.close();
    await sql.end();
  }
  console.log(
    `\nSimulated day: ${ROUNDS} rounds of ${ROUND_JOBS} jobs, one every ${ROUND_MS / 1_000} s; ` +
      `retention keeps ${KEPT_MS / 1_000} s\n`,
  );
  console.log("| round | rows kept | disk, MiB | memory of the services, MiB | round, ms | /ledger, ms |");
  console.log("| --- | --- | --- | --- | --- | --- |");
  for (const one of rows.filter(({ round }) => round % 3 === 0 || round === 1))
    console.log(
      `| ${one.round} | ${one.jobs} | ${one.mebibytes.toFixed(0)} | ${one.memory.toFixed(0)} | ${one.jobsMs.toFixed(0)} | ${one.ledgerMs.toFixed(0)} |`,
    );
  const ledger = await world.get<Ledger>("/ledger");
  console.log(
    `Ledger after the last round: ${ledger.accepted} accepted, ${ledger.pruned} pruned, balanced: ${ledger.balanced}`,
  );
  // Autovacuum checks the database once a minute, so it first runs within the first third, and later rounds reuse the
  // space that it frees. The benchmark does not vacuum between rounds, because users do not either.
  const third = rows.length / 3;
  const late = (pick: (row: (typeof rows)[number]) => number) =>
    median(rows.slice(-third).map(pick)) / median(rows.slice(third, 2 * third).map(pick));
  const [disk, memory, round] = [late((r) => r.mebibytes), late((r) => r.memory), late((r) => r.jobsMs)];
  console.log(
    `Last third compared with the middle third: ` +
      `disk ${disk.toFixed(2)}×, memory ${memory.toFixed(2)}×, round ${round.toFixed(2)}×`,
  );
  return ledger.balanced && [disk, memory, round].every((growth) => growth <= FLAT);
}

async function bytesOf({ sql }: World): Promise<number> {
  const [row] = await sql<{ bytes: string }[]>`select pg_database_size(current_database())::text as bytes`;
  return Number(row?.bytes ?? 0);
}

/** Returns the services' resident memory in mebibytes. */
async function memoryOf({ running }: World): Promise<number> {
  let kilobytes = 0;
  for (const { pid } of Object.values(running)) {
    const status = await Bun.file(`/proc/${pid}/status`).text();
    kilobytes += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
  }
  return kilobytes / 1_024;
}

function printColumns(columns: readonly Column[]): void {
  const worst = growthOf(columns.map(({ measured }) => measured));
  console.log(`\n| p50, ms | ${columns.map(({ name }) => name).join(" | ")} | maximum growth |`);
  console.log(`| --- |${columns.map(() => " --- |").join("")} --- |`);
  for (const [what, growth] of worst) {
    const cells = columns.map(({ measured }) => measured.get(what)?.toFixed(1) ?? "");
    console.log(`| ${what} | ${cells.join(" | ")} | ${growth.toFixed(2)}× |`);
  }
  const disk = columns.map(({ bytesPerJob }) =>
    bytesPerJob === null ? "" : (bytesPerJob / 1_024).toFixed(1),
  );
  console.log(`| disk per job, KiB | ${disk.join(" | ")} | |\n`);
}

/** Returns the slowest time of each measurement as a multiple of the time in its first column. */
function growthOf([first, ...others]: readonly Measured[]): Map<string, number> {
  const common = [...(first ?? [])].filter(([what]) => others.every((one) => one.has(what)));
  return new Map(
    common.map(([what, ms]) => [
      what,
      Math.max(...others.map((one) => (one.get(what) ?? 0) / Math.max(ms, LEAST_MS))),
    ]),
  );
}

const isFlat = (measured: readonly Measured[]) =>
  [...growthOf(measured).values()].every((growth) => growth <= FLAT);
