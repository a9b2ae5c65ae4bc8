import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import type { JobDetail } from "../contracts/api-queries.ts";
import { JOB_SERVICES, type ServiceName } from "../contracts/services.ts";
import { createCommandLine, UsageError, wholeNumber } from "../shared/command-line.ts";
import { enginesOf, stopTestEngines, whyLeftOut } from "./support/engines.ts";
import { createRandom, type Random } from "./support/random.ts";
import type { ServiceProcess } from "./support/service-process.ts";
import { startSteadyLoad } from "./support/steady-load.ts";
import { eventually } from "./support/wait.ts";
import { createWorld, type World } from "./support/world.ts";

const startedAt = performance.now();
const say = (line: string) =>
  console.log(`${((performance.now() - startedAt) / 1_000).toFixed(1).padStart(6)} s  ${line}`);

const LEASE_MS = 2_000;
const CONCURRENCY = 48;

/** Injects one fault and undoes it. Resolves to the ids of any jobs that it submitted itself. */
type Fault = (world: World, random: Random) => Promise<readonly string[] | undefined>;

/**
 * Cuts one processor off from PostgreSQL for longer than its lease, while its jobs end. The other processors presume it
 * dead and queue those jobs again but have no free slots to run them, so the victim claims them again before it has
 * recorded the outcomes of its first attempts, which are stale by then.
 */
async function partitionProcessor(world: World, random: Random): Promise<readonly string[]> {
  const victim = random.pick(world.workers);
  const cutMs = LEASE_MS + random.between(500, 3_000);
  const submitted: string[] = [];
  const submit = async (count: number, job: () => Record<string, unknown>) => {
    const reply = await world.post("/jobs/batch", { jobs: Array.from({ length: count }, job) });
    const { results = [] } = (await reply.json()) as { results?: { jobId?: string }[] };
    submitted.push(...results.flatMap(({ jobId }) => jobId ?? []));
  };
  const urgent = () => ({ type: "sleep", payload: { ms: random.between(20, 200) }, priority: 9 });
  await submit(10, urgent);
  await eventually(
    async () => {
      const [held] = await world.sql<{ count: number }[]>`
        select count(*)::int as count from jobs j join workers w on w.id = j.worker_id
        where w.pid = ${victim.pid} and j.status = 'EXECUTING' and j.id = any(${submitted}::uuid[])`;
      if (held && held.count > 2) return true;
      await submit(2, urgent);
      return false;
    },
    { what: `processor ${victim.pid} to hold jobs`, everyMs: 5 },
  );
  say(`cut processor ${victim.pid} off from PostgreSQL for ${cutMs} ms, and fill the others`);
  const partition = world.partitionOf(victim);
  partition.cut();
  await submit(2 * CONCURRENCY, () => ({
    type: "sleep",
    payload: { ms: cutMs + random.between(500, 2_000) },
  }));
  await Bun.sleep(cutMs);
  // Once reconnected, the victim claims jobs immediately. The lock delays recording the stale outcomes, as a slow retry
  // would.
  const lockMs = random.between(0, 1_500);
  await world.sql.begin(async (lock) => {
    await lock`lock table explicit_attempts in exclusive mode`;
    partition.restore();
    await Bun.sleep(lockMs);
  });
  return submitted;
}

/** Lists the processor twice, because two of them run. */
const VICTIMS: readonly ServiceName[] = [...JOB_SERVICES, "processor"];

/** Picks a service process to kill. The caller must kill it, because the world no longer counts it as a worker. */
function condemn(world: World, random: Random): ServiceProcess {
  const name = random.pick(VICTIMS);
  if (name !== "processor") return world.running[name];
  const victim = random.pick(world.workers);
  world.workers.splice(world.workers.indexOf(victim), 1);
  return victim;
}

const FAULTS: readonly Fault[] = [
  partitionProcessor,
  async function killService(world, random) {
    const victim = condemn(world, random);
    const downMs = random.between(0, 1_500);
    say(`kill -9 ${victim.name} ${victim.pid}, back after ${downMs} ms`);
    await victim.kill();
    await Bun.sleep(downMs);
    await world.start(victim.name);
  },
  async function freezeProcessor(world, random) {
    const victim = random.pick(world.workers);
    const frozenMs = random.between(500, 5_000);
    say(`SIGSTOP processor ${victim.pid} for ${frozenMs} ms`);
    victim.signal("SIGSTOP");
    await Bun.sleep(frozenMs);
    victim.signal("SIGCONT");
  },
  async function cutEngine(world, random) {
    const engine = random.pick(enginesOf(world.set));
    const cutMs = random.between(200, 4_000);
    say(`cut ${engine} off for ${cutMs} ms`);
    await world.proxies[engine].cut();
    await Bun.sleep(cutMs);
    await world.proxies[engine].restore();
  },
  async function freezeEngine(world, random) {
    const engine = random.pick(enginesOf(world.set));
    const frozenMs = random.between(200, 3_000);
    say(`freeze the network to ${engine} for ${frozenMs} ms`);
    await world.proxies[engine].freeze();
    await Bun.sleep(frozenMs);
    await world.proxies[engine].restore();
  },
  async function killEngine(world, random) {
    const engine = random.pick(enginesOf(world.set));
    say(`kill -9 ${engine} and start it again`);
    await world.engine(engine).kill();
    await world.engine(engine).restart();
  },
  async function killTwoEngines(world, random) {
    const engines = enginesOf(world.set);
    const two = [...new Set([random.pick(engines), random.pick(engines)])];
    const apartMs = random.between(0, 500);
    say(`kill -9 ${two.join(" and ")}, ${apartMs} ms apart, and start them again`);
    await Promise.all(
      two.map(async (engine, n) => {
        await Bun.sleep(n * apartMs);
        await world.engine(engine).kill();
        await world.engine(engine).restart();
      }),
    );
  },
  async function killServiceWithEngine(world, random) {
    const victim = condemn(world, random);
    const engine = random.pick(enginesOf(world.set));
    say(`kill -9 ${victim.name} ${victim.pid} and ${engine}, and start both at the same time`);
    await Promise.all([victim.kill(), world.engine(engine).kill()]);
    await Promise.all([world.start(victim.name), world.engine(engine).restart()]);
  },
];

const SCHEDULES: Readonly<Record<string, readonly Fault[]>> = {
  mixed: FAULTS,
  partition: [partitionProcessor],
};

const JOBS: readonly ((random: Random) => Record<string, unknown>)[] = [
  (random) => ({ type: "sleep", payload: { ms: random.between(0, 80) }, priority: random.between(0, 9) }),
  (random) => ({ type: "hash", payload: { text: "chaos", rounds: random.between(1, 2_000) } }),
  (random) => ({ type: "flaky", payload: { failFirst: random.between(0, 2) } }),
  () => ({ type: "fan-out", payload: { count: 3, childMs: 5 } }),
  () => ({ type: "fail", maxAttempts: 1 }),
  (random) => ({ type: "sleep", runAt: new Date(Date.now() + random.between(0, 3_000)).toISOString() }),
];

/** Waits until the accepted jobs have ended, and returns the faults found. Every job must have ended exactly once. */
async function judge(world: World, accepted: readonly string[]): Promise<string[]> {
  const faults: string[] = [];
  const deadline = performance.now() + 120_000;
  let open: string[] = [...accepted];
  while (open.length > 0 && performance.now() < deadline) {
    const ended = await world.sql<{ id: string }[]>`
      select id from jobs
      where id = any(${open}::uuid[]) and status in ('COMPLETED', 'FAILED', 'CANCELLED', 'REJECTED')`;
    const done = new Set(ended.map((row) => row.id));
    open = open.filter((id) => !done.has(id));
    if (open.length > 0) await Bun.sleep(250);
  }
  for (const id of open.slice(0, 10)) {
    const job = await world.get<JobDetail>(`/jobs/${id}`).catch((error: Error) => error.message);
    faults.push(`accepted, but not ended: ${id}: ${typeof job === "string" ? job : job.status}`);
  }
  try {
    const ledger = await world.settledLedger(120_000);
    say(
      `ledger: ${ledger.accepted} accepted = ${ledger.completed} completed + ${ledger.failed} failed + ${ledger.cancelled} cancelled + ${ledger.rejected} rejected + ${ledger.deadLettered} dead-lettered`,
    );
    const [doubles] = await world.sql`
      select count(*)::int as count from (
        select 1 from job_transitions where to_status in ('COMPLETED', 'FAILED', 'CANCELLED', 'REJECTED')
        group by job_id, run having count(*) > 1) as twice`;
    if (doubles?.count > 0) faults.push(`${doubles?.count} jobs ended twice`);
    if (ledger.accepted < accepted.length)
      faults.push(
        `the ledger counts ${ledger.accepted} accepted jobs, but the load counted ${accepted.length}`,
      );
  } catch (error) {
    faults.push((error as Error).message);
  }
  return faults;
}

async function main(): Promise<number> {
  const {
    engines,
    minutes,
    rate,
    schedule: scheduleName,
    seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 1,
  } = createCommandLine(
    "bun run test:chaos",
    "Kills processes and cuts networks at random under steady load, then checks the ledger and the load's own list of accepted jobs. Prints its seed: the same seed makes the same choices in the same order.",
  )
    .addOption(
      new Option(
        "--engines <set>",
        "engines to run and to disturb; full: RabbitMQ, PostgreSQL, MongoDB and Redis; embedded: PostgreSQL",
      )
        .choices(["full", "embedded"] as const)
        .default("full" as const),
    )
    .addOption(
      new Option("--schedule <name>", "faults to inject").choices(Object.keys(SCHEDULES)).default("mixed"),
    )
    .option("--minutes <number>", "duration", aboveZero, 1)
    .option(
      "--seed <number>",
      "determines the choices; random by default",
      wholeNumber(0, Number.MAX_SAFE_INTEGER),
    )
    .option("--rate <number>", "jobs per second", aboveZero, 40)
    .parse()
    .opts();
  const schedule = SCHEDULES[scheduleName] ?? [];
  const missing = whyLeftOut(enginesOf(engines));
  if (missing) {
    console.error(missing);
    return 1;
  }

  const random = createRandom(seed);
  console.log(
    `Chaos on ${engines} engines for ${minutes} min with ${rate} jobs/s; replay with --engines ${engines} --schedule ${scheduleName} --seed ${seed}`,
  );
  const world = await createWorld({
    engines,
    processors: 2,
    proxied: enginesOf(engines),
    partitionable: true,
    env: {
      all: { LEASE_MS: String(LEASE_MS), LOG_LEVEL: "warn" },
      processor: { CONCURRENCY: String(CONCURRENCY) },
    },
  });
  // Jobs use a separate random stream, so that their number between two faults does not affect the choice of faults.
  const jobs = createRandom(seed + 1);
  const load = startSteadyLoad(world, { perSecond: rate, job: () => jobs.pick(JOBS)(jobs) });
  try {
    // Newly declared quorum queues do not yet survive a broker crash.
    await Bun.sleep(1_500);
    const until = performance.now() + minutes * 60_000;
    let faults = 0;
    const own: string[] = [];
    while (performance.now() < until) {
      own.push(...((await random.pick(schedule)(world, random)) ?? []));
      faults++;
      await Bun.sleep(random.between(200, 2_000));
    }
    const accepted = [...(await load.stop()), ...own];
    say(`${faults} faults; ${accepted.length} jobs accepted, refused: ${JSON.stringify(load.refusals)}`);
    const found = await judge(world, accepted);
    for (const line of found) console.error(line);
    say(
      found.length === 0
        ? "nothing was lost, and nothing ended twice"
        : `FAILED; replay with --engines ${engines} --schedule ${scheduleName} --seed ${seed}`,
    );
    return found.length === 0 ? 0 : 1;
  } finally {
    await load.stop();
    await world[Symbol.asyncDispose]();
  }
}

function aboveZero(text: string): number {
  const value = Number(text);
  if (value > 0) return value;
  throw new InvalidArgumentError("Expected a number above 0.");
}

let code = 1;
try {
  code = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  code = 2;
} finally {
  await stopTestEngines();
}
process.exit(code);
