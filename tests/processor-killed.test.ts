import { expect, test } from "bun:test";
import { behaviour } from "./support/suite.ts";
import { eventually } from "./support/wait.ts";

behaviour(
  "a processor killed in the middle of 200 jobs",
  { processors: 2, env: { all: { LEASE_MS: "1500" }, processor: { CONCURRENCY: "20" } } },
  (world) => {
    test("loses none: the other takes them over", async () => {
      const ids = await world().submitMany(
        Array.from({ length: 200 }, () => ({ type: "sleep", payload: { ms: 60 } })),
      );
      const victim = world().workers[0];
      await eventually(
        async () =>
          (
            await world()
              .sql`select 1 from jobs j join workers w on w.id = j.worker_id where w.pid = ${victim?.pid ?? 0} and j.status = 'EXECUTING'`
          ).length > 5,
        { what: "the victim to hold jobs", everyMs: 2 },
      );
      await victim?.kill();
      const [at] = await world().sql`select count(*)::int as done from jobs where status = 'COMPLETED'`;
      expect(at?.done).toBeLessThan(200);
      await world().untilAll(ids, "COMPLETED");
      const lost = await world().sql`select 1 from job_attempts where outcome = 'lost'`;
      expect(lost.length).toBeGreaterThan(0);
    });

    test("shows as lost among the workers", async () => {
      const { workers } = await world().get<{ workers: { pid: number; state: string }[] }>("/workers");
      expect(workers.find((worker) => worker.pid === world().workers[0]?.pid)?.state).toBe("lost");
    });
  },
);
