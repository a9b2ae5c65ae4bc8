import { expect, test } from "bun:test";
import { HASH_THREADS } from "../../shared/job-types/hash-pool.ts";
import { behavior } from "../support/suite.ts";

const SLOTS = 4;

behavior(
  "a job whose handler has its own pool",
  { env: { processor: { CONCURRENCY: String(SLOTS) } } },
  (world) => {
    test("waits in the queue for the pool, without using up a slot or its deadline", async () => {
      const [{ ms: aloneMs } = { ms: 0 }] = await timed(1);
      // Together the hash jobs keep the pool busy for twice the deadline, but each runs for at most a quarter of the
      // deadline.
      const deadlineMs = Math.max(1_500, Math.round(4 * aloneMs));
      const count = HASH_THREADS * Math.ceil((2 * deadlineMs) / aloneMs);
      const hashes = timed(Math.min(count, 60), deadlineMs);
      await world().untilStatus(await world().submit({ type: "sleep", payload: { ms: 1 } }), "COMPLETED");
      const [queue] = await world().sql<{ executing: number; open: number }[]>`
      select count(*) filter (where status = 'EXECUTING')::int as executing,
        count(*) filter (where status <> 'COMPLETED')::int as open
      from jobs where type = 'hash'`;
      expect(queue?.executing).toBeLessThanOrEqual(HASH_THREADS);
      expect(queue?.open).toBeGreaterThan(SLOTS);
      await hashes;
      expect(await world().sql`select 1 from job_attempts where outcome <> 'succeeded'`).toHaveLength(0);
    });

    /** Runs hashes of about 200 ms each and returns how long each one ran. */
    async function timed(count: number, deadlineMs?: number): Promise<{ ms: number }[]> {
      const job = {
        type: "hash",
        payload: { text: "pool", rounds: 300_000 },
        ...(deadlineMs && { deadlineMs }),
      };
      const ids = await world().submitMany(Array.from({ length: count }, () => job));
      await world().untilAll(ids, "COMPLETED");
      return world().sql<{ ms: number }[]>`
      select duration_ms as ms from job_attempts where job_id = any(${ids}::uuid[])`;
    }
  },
);
