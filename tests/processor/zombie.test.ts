import { expect, test } from "bun:test";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";

behavior("a worker", { processors: 2, env: { all: { LEASE_MS: "1500" } } }, (world) => {
  test("that was presumed dead cannot overwrite its successor's results when it wakes up", async () => {
    const ids = await world().submitMany(
      Array.from({ length: 10 }, () => ({ type: "sleep", payload: { ms: 1_000 } })),
    );
    await world().untilAll(ids, "EXECUTING");
    // Freeze a processor that runs some of the jobs. It may run all ten, because one message may have carried all of
    // them.
    const [holder] = await world()
      .sql`select w.pid from jobs j join workers w on w.id = j.worker_id where j.status = 'EXECUTING'`;
    const zombie = world().workers.find((worker) => worker.pid === holder?.pid);
    zombie?.signal("SIGSTOP");
    const held = await world().sql`select j.id from jobs j join workers w on w.id = j.worker_id
          where w.pid = ${zombie?.pid ?? 0} and j.status = 'EXECUTING'`;
    expect(held.length).toBeGreaterThan(0);
    await world().untilAll(ids, "COMPLETED");
    const picture = async () =>
      world().sql`select id, status, attempt, worker_id, sequence, result from jobs order by id`;
    const before = await picture();

    zombie?.signal("SIGCONT");
    // At its next heartbeat, the zombie notices that it was presumed dead, abandons its jobs and continues as a new
    // worker.
    await eventually(
      async () => (await world().sql`select 1 from workers where pid = ${zombie?.pid ?? 0}`).length === 2,
      { what: "the zombie to register again" },
    );
    expect(await picture()).toEqual(before);

    const lost = await world().sql`select job_id, outcome from job_attempts where outcome = 'lost'`;
    expect(lost.length).toBe(held.length);
    for (const { id } of held)
      expect(
        (
          await world().sql`select attempt, outcome from job_attempts where job_id = ${id} order by attempt`
        ).map((row) => row.outcome),
      ).toEqual(["lost", "succeeded"]);
    await eventually(() => zombie?.lines.some((line) => line.includes("late outcome was refused")), {
      what: "the late outcome to be refused",
    });
    const next = await world().submitMany(
      Array.from({ length: 40 }, () => ({ type: "sleep", payload: { ms: 20 } })),
    );
    await world().untilAll(next, "COMPLETED");
  });

  test("that never received the reply to its claim releases the job, and no loss is counted", async () => {
    const id = await world().submit({
      type: "sleep",
      runAt: new Date(Date.now() + 3_600_000).toISOString(),
    });
    await world().untilStatus(id, "SCHEDULED");
    // This is the store's state if a claim commits but its reply never reaches the processor.
    await world().sql`
      update jobs set status = 'EXECUTING', attempt = 1, started_at = now(), queue_wait_ms = 0,
        worker_id = (select id from workers where state = 'alive' order by heartbeat_at desc limit 1)
      where id = ${id}`;
    await world().untilStatus(id, "COMPLETED");
    const [job] = await world().sql`select attempt, tries, losses from jobs where id = ${id}`;
    expect(job).toEqual({ attempt: 2, tries: 0, losses: 0 });
    expect(
      (await world().sql`select error from job_attempts where job_id = ${id} and attempt = 1`)[0]?.error.code,
    ).toBe("CLAIM_LOST");
  });
});
