import { expect, test } from "bun:test";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";

const LEASE_MS = 3_000;

behavior(
  "a processor killed in the middle of 200 jobs",
  { processors: 2, env: { all: { LEASE_MS: String(LEASE_MS) }, processor: { CONCURRENCY: "20" } } },
  (world) => {
    test("loses no job, because the other processor takes over within three heartbeat intervals and logs it", async () => {
      // A worker marks others as lost only after it has sent heartbeats itself for the full length of a lease.
      await eventually(
        async () =>
          (
            await world()
              .sql`select 1 from workers where started_at < now() - ${LEASE_MS} * interval '1 millisecond'`
          ).length === 2,
        { what: "both processors to have run for the length of a lease" },
      );
      const ids = await world().submitMany(
        Array.from({ length: 200 }, () => ({ type: "sleep", payload: { ms: 60 } })),
      );
      const victim = world().workers[0];
      await eventually(
        async () =>
          (
            await world().sql`select 1 from jobs j join workers w on w.id = j.worker_id
                where w.pid = ${victim?.pid ?? 0} and j.status = 'EXECUTING'`
          ).length > 5,
        { what: "the victim to hold jobs", everyMs: 2 },
      );
      await victim?.kill();
      const [at] = await world().sql`select count(*)::int as done from jobs where status = 'COMPLETED'`;
      expect(at?.done).toBeLessThan(200);
      await world().untilAll(ids, "COMPLETED");
      const lost = await world().sql`
        select a.job_id, a.worker_id, extract(epoch from a.finished_at - w.heartbeat_at)::float8 * 1000 as "afterMs"
        from job_attempts a join workers w on w.id = a.worker_id where a.outcome = 'lost'`;
      expect(lost.length).toBeGreaterThan(0);
      for (const { afterMs } of lost) expect(afterMs).toBeLessThan(LEASE_MS + 500);
      const lines = world().workers[1]?.lines.filter((line) => line.includes("Took over the jobs")) ?? [];
      const said = lines.map((line) => JSON.parse(line) as { from: string; count: number; jobIds: string[] });
      expect(new Set(said.map(({ from }) => from))).toEqual(new Set(lost.map((row) => row.worker_id)));
      expect(said.flatMap(({ jobIds }) => jobIds).sort()).toEqual(lost.map((row) => row.job_id).sort());
    });

    test("is listed as lost among the workers", async () => {
      const { workers } = await world().get<{ workers: { pid: number; state: string }[] }>("/workers");
      expect(workers.find((worker) => worker.pid === world().workers[0]?.pid)?.state).toBe("lost");
    });

    test("leaves a command unfinished, which is carried out once when it is repeated with the same key", async () => {
      await world().start("processor");
      const id = await world().submit({ type: "fail", maxAttempts: 1 });
      await world().untilStatus(id, "FAILED");
      const retry = async () => {
        const reply = await world().post(`/jobs/${id}/retry`, undefined, {
          "idempotency-key": `retry-${id}`,
        });
        return [reply.status, (await reply.json()) as object] as const;
      };
      let reply: ReturnType<typeof retry> | undefined;
      await world().sql.begin(async (tx) => {
        // The processor's last statement waits for this lock and executes after the processor dies.
        await tx`select from jobs where id = ${id} for update`;
        reply = retry();
        const holder = await eventually(
          async () => {
            const [row] = await tx`
              select w.pid from commands c join workers w on w.id = c.worker_id where c.state = 'running'`;
            return row?.pid as number | undefined;
          },
          { what: "a processor to take the command" },
        );
        await world()
          .workers.find(({ pid }) => pid === holder)
          ?.kill();
      });
      expect(await reply).toMatchObject([
        503,
        {
          code: "PROCESSOR_UNAVAILABLE",
          detail: expect.stringMatching(
            /outcome is unknown; repeat .* with the same Idempotency-Key to learn its outcome$/,
          ),
          facts: { outcome: "lost" },
        },
      ]);
      expect(await retry()).toMatchObject([200, { jobId: id }]);
      expect((await world().job(id)).run).toBe(2);
    });
  },
);
