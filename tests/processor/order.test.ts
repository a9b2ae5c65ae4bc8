import { expect, test } from "bun:test";
import { behavior } from "../support/suite.ts";

behavior("a processor with a backlog", { env: { processor: { CONCURRENCY: "1" } } }, (world) => {
  const startOrder = async (ids: readonly string[]) =>
    (
      await world().sql<
        { id: string }[]
      >`select id from jobs where id = any(${ids as string[]}::uuid[]) order by started_at, attempt`
    ).map((row) => row.id);

  test("runs jobs by priority and then by age, and stores new jobs immediately even while its only slot is taken", async () => {
    const blocker = await world().submit({ type: "sleep", payload: { ms: 1_500 } });
    await world().untilStatus(blocker, "EXECUTING");
    const jobs = [3, 9, 0, 3, 9, 5].map((priority) => ({ type: "sleep", payload: { ms: 5 }, priority }));
    const ids: string[] = [];
    for (const job of jobs) ids.push(await world().submit(job));
    await world().untilAll(ids, "VALIDATED", 1_000);
    await world().untilAll(ids, "COMPLETED");
    const [a, b, c, d, e, f] = ids as [string, string, string, string, string, string];
    expect(await startOrder(ids)).toEqual([b, e, f, a, d, c]);
  });

  test("never holds more jobs than it has slots", async () => {
    const ids = await world().submitMany(
      Array.from({ length: 20 }, () => ({ type: "sleep", payload: { ms: 20 } })),
    );
    let most = 0;
    for (let open = true; open; ) {
      const [row] = await world().sql`
        select count(*) filter (where status = 'EXECUTING')::int as held,
          count(*) filter (where status = 'COMPLETED')::int as done
        from jobs where id = any(${ids}::uuid[])`;
      most = Math.max(most, row?.held);
      open = row?.done < ids.length;
    }
    expect(most).toBe(1);
  });

  test("does not start a scheduled job until it is due", async () => {
    const runAt = new Date(Date.now() + 700);
    const id = await world().submit({ type: "sleep", runAt: runAt.toISOString() });
    await world().untilStatus(id, "SCHEDULED", 500);
    await world().untilStatus(id, "COMPLETED");
    const [job] = await world().sql`select started_at from jobs where id = ${id}`;
    const lateMs = job?.started_at.getTime() - runAt.getTime();
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(lateMs).toBeLessThan(1_500);
    expect((await world().job(id)).transitions.map((transition) => transition.to)).toEqual([
      "PENDING",
      "SCHEDULED",
      "EXECUTING",
      "COMPLETED",
    ]);
  });

  test("starts a job scheduled in the past immediately", async () => {
    const id = await world().submit({ type: "sleep", runAt: "2020-01-01T00:00:00Z" });
    await world().untilStatus(id, "COMPLETED");
  });
});
