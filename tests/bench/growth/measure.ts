import type { World } from "../../support/world.ts";

const CALLS = 25;
const SINGLES = 60;
/** With at most this many ids in a query, PostgreSQL looks them up by the primary key instead of scanning the table. */
const IDS_PER_QUERY = 1_000;

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

/** A median time in milliseconds for each measurement, by its name. */
export type Measured = ReadonlyMap<string, number>;

/**
 * Measures the median time of each query, of a job from POST to its end, and of a claim. Runs everything once without
 * measuring, so that the times measured first, with the smallest store, do not include JIT compilation in the services.
 */
export async function measure(world: World, queries: readonly string[] = QUERIES): Promise<Measured> {
  const measured = new Map<string, number>();
  for (const path of queries) await callOften(world, path);
  for (const path of queries) measured.set(path, median(await callOften(world, path)));
  await singles(world);
  const [job, claim] = await singles(world);
  measured.set("POST to finished", job);
  measured.set("due to claimed", claim);
  return measured;
}

async function callOften(world: World, path: string): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < CALLS; n++) times.push(await call(world, path));
  return times;
}

/** Returns the milliseconds that one call takes. */
export async function call(world: World, path: string): Promise<number> {
  const startedAt = performance.now();
  await world.get(path);
  return performance.now() - startedAt;
}

/**
 * Runs jobs one at a time. Returns two medians computed from the times in the job store: from a job's creation to its
 * end, and from its receipt by the processor to its claim.
 */
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

/** Measures the ledger's response times for about `forMs` while jobs run as fast as they can. */
export async function ledgerUnderLoad(
  world: World,
  forMs: number,
): Promise<{ times: number[]; perSecond: number }> {
  const until = performance.now() + forMs;
  const times: number[] = [];
  const accepted: string[] = [];
  const submit = async () => {
    while (performance.now() < until) accepted.push(...(await world.submitMany(noops(100))));
  };
  const ask = async () => {
    while (performance.now() < until) {
      times.push(await call(world, "/ledger"));
      await Bun.sleep(250);
    }
  };
  const startedAt = performance.now();
  await Promise.all([submit(), submit(), ask()]);
  await untilCompleted(world, accepted);
  return { times, perSecond: (accepted.length / (performance.now() - startedAt)) * 1_000 };
}

/** Waits until all of these jobs have completed. */
export async function untilCompleted(world: World, ids: readonly string[]): Promise<void> {
  for (let start = 0; start < ids.length; start += IDS_PER_QUERY)
    await world.untilAll(ids.slice(start, start + IDS_PER_QUERY), "COMPLETED", 120_000);
}

export const noops = (count: number) =>
  Array.from({ length: count }, () => ({ type: "sleep", payload: { ms: 0 } }));

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
