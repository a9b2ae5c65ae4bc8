import { eventually } from "../../support/wait.ts";
import type { World } from "../../support/world.ts";

const CALLS = 7;
const SINGLES = 60;

/** Every query that a user, a page or Prometheus makes. */
export const QUERIES = [
  "/stats",
  "/overview",
  "/queues",
  "/workers",
  "/jobs",
  "/jobs?status=COMPLETED",
  "/jobs?status=FAILED",
  "/jobs?type=hash",
  "/jobs?text=4217",
  "/jobs?text=nosuchword",
  "/jobs?payload.ms=7",
  "/events",
  "/dead-letters",
  "/series?metric=completed&minutes=60",
  "/retention",
  "/ledger",
] as const;

/** Milliseconds by measurement name. */
export type Measured = ReadonlyMap<string, number>;

/** Measures the median time of each query after a warm-up call, of a job from POST to its end, and of a claim. */
export async function measure(world: World, queries: readonly string[] = QUERIES): Promise<Measured> {
  const measured = new Map<string, number>();
  for (const path of queries) {
    await call(world, path);
    const times: number[] = [];
    for (let n = 0; n < CALLS; n++) times.push(await call(world, path));
    measured.set(path, median(times));
  }
  const [job, claim] = await singles(world);
  measured.set("POST to finished", job);
  measured.set("due to claimed", claim);
  return measured;
}

/** Returns the milliseconds that one call takes. */
export async function call(world: World, path: string): Promise<number> {
  const startedAt = performance.now();
  await world.get(path);
  return performance.now() - startedAt;
}

/** Runs jobs one at a time. Returns the store's median times from acceptance to end and from due to claimed. */
async function singles(world: World): Promise<[job: number, claim: number]> {
  const ids: string[] = [];
  for (let n = 0; n < SINGLES; n++) {
    const id = await world.submit({ type: "sleep", payload: { ms: 0 } });
    await world.untilStatus(id, "COMPLETED");
    ids.push(id);
  }
  const rows = await world.sql<{ job: number; claim: number }[]>`
    select (extract(epoch from finished_at - created_at) * 1000)::float8 as job,
      (extract(epoch from started_at - received_at) * 1000)::float8 as claim
    from jobs where id = any(${ids}::uuid[])`;
  return [median(rows.map(({ job }) => job)), median(rows.map(({ claim }) => claim))];
}

/** Measures the ledger's response times for about this long while jobs run as fast as they can. */
export async function ledgerUnderLoad(
  world: World,
  forMs: number,
): Promise<{ times: number[]; perSecond: number }> {
  const until = performance.now() + forMs;
  const times: number[] = [];
  let accepted = 0;
  const submit = async () => {
    while (performance.now() < until) {
      const jobs = Array.from({ length: 100 }, () => ({ type: "sleep", payload: { ms: 0 } }));
      accepted += (await world.submitMany(jobs)).length;
    }
  };
  const ask = async () => {
    while (performance.now() < until) {
      times.push(await call(world, "/ledger"));
      await Bun.sleep(250);
    }
  };
  const startedAt = performance.now();
  await Promise.all([submit(), submit(), ask()]);
  await idle(world);
  return { times, perSecond: (accepted / (performance.now() - startedAt)) * 1_000 };
}

/** Waits until no job waits or runs. */
export async function idle(world: World): Promise<void> {
  await eventually(
    async () => {
      const [row] = await world.sql`
        select from jobs where status in ('PENDING', 'VALIDATED', 'SCHEDULED', 'EXECUTING', 'RETRYING') limit 1`;
      return row === undefined;
    },
    { what: "every job to end", timeoutMs: 120_000, everyMs: 50 },
  );
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
