import { expect, test } from "bun:test";
import { behavior } from "../support/suite.ts";

behavior("a stopping processor", { env: { processor: { CONCURRENCY: "5" } } }, (world) => {
  test("finishes the jobs it holds, takes no new ones and exits with code 0; another processor runs the remaining jobs", async () => {
    const ids = await world().submitMany(
      Array.from({ length: 40 }, () => ({ type: "sleep", payload: { ms: 400 } })),
    );
    await world().untilAll(ids.slice(0, 0), "EXECUTING");
    const [first] = world().workers;
    await world().sql`select 1`;
    for (;;) {
      const [row] = await world().sql`select count(*)::int as held from jobs where status = 'EXECUTING'`;
      if (row?.held === 5) break;
    }
    expect(await first?.stop()).toBe(0);
    const attempts = await world().sql`select outcome from job_attempts`;
    expect(attempts.length).toBeGreaterThanOrEqual(5);
    expect(new Set(attempts.map((row) => row.outcome))).toEqual(new Set(["succeeded"]));
    expect(await world().sql`select 1 from jobs where status = 'EXECUTING'`).toHaveLength(0);
    expect((await world().sql`select state from workers`)[0]?.state).toBe("stopped");
    await world().start("processor");
    await world().untilAll(ids, "COMPLETED");
  });

  test("abandons a job that outlasts the grace period, without using up one of its tries", async () => {
    await world().workers[1]?.stop();
    const hasty = await world().start("processor", { STOP_GRACE_MS: "200" });
    const id = await world().submit({ type: "sleep", payload: { ms: 3_000 } });
    await world().untilStatus(id, "EXECUTING");
    expect(await hasty.stop()).toBe(0);
    const [job] = await world().sql`select status, tries, losses from jobs where id = ${id}`;
    expect(job).toEqual({ status: "RETRYING", tries: 0, losses: 0 });
    await world().start("processor");
    await world().untilStatus(id, "COMPLETED");
    expect(
      (await world().sql`select outcome from job_attempts where job_id = ${id} order by attempt`).map(
        (row) => row.outcome,
      ),
    ).toEqual(["lost", "succeeded"]);
  });
});
