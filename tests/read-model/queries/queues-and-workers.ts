import { expect, test } from "bun:test";
import type { Overview } from "../../../contracts/api-queries.ts";
import { eventually } from "../../support/wait.ts";
import { drainedSnapshot, seedDeadLetter, seedJob, seedWorker } from "../seed.ts";
import { ago, type QueriedModel } from "./queried-model.ts";

/** Tests the current state of queues and workers. */
export function describeQueuesAndWorkers({ get, url, world }: QueriedModel): void {
  test("one computation serves all concurrent queue readers and is cancelled when they disconnect", async () => {
    const statements = async () =>
      (
        await world().sql`
          select 1 from pg_stat_activity
          where application_name = 'read-model' and state = 'active' and query like '%job_counts%'`
      ).length;
    const leaving = new AbortController();
    const lock = await world().sql.reserve();
    await lock`begin`;
    await lock`lock table job_counts_folded in access exclusive mode`;
    try {
      const calls = Array.from({ length: 20 }, () =>
        fetch(`${url()}/queues`, { signal: leaving.signal }).catch(() => "left"),
      );
      // One statement reads the queue states, the other the backlog.
      await eventually(async () => (await statements()) === 2, { what: "two statements for twenty readers" });
      leaving.abort();
      expect(new Set(await Promise.all(calls))).toEqual(new Set(["left"]));
      await eventually(async () => (await statements()) === 0, { what: "the statements to be cancelled" });
    } finally {
      await lock`rollback`;
      lock.release();
    }
    expect((await get("/queues")).status).toBe(200);
  });

  test("queues and workers show the store's current state, and a silent worker is shown as lost", async () => {
    await seedWorker(world().sql, "w-alive");
    await seedWorker(world().sql, "w-silent", 20_000);
    await seedWorker(world().sql, "w-stopped", 20_000, "stopped");
    const { id: running } = await seedJob(world().sql, {
      status: "EXECUTING",
      type: "sleep",
      workerId: "w-alive",
    });
    await seedJob(world().sql, { status: "VALIDATED", type: "sleep", createdAt: ago(5_000) });
    await seedJob(world().sql, { status: "RETRYING", type: "flaky", runAt: new Date(Date.now() + 60_000) });
    await seedJob(world().sql, { status: "COMPLETED", type: "hash" });
    await world().sql`insert into paused_types (type) values ('fail')`;
    await world().sql`insert into outbox (body) values ('[]')`;
    await seedDeadLetter(world().sql);
    await world().observations.recordSnapshot(drainedSnapshot(new Date(), { "events.observed": 3 }));

    const { body: queues } = await get<Record<string, unknown>>("/queues");
    expect(queues).toMatchObject({
      queues: [
        { type: "fail", waiting: 0, executing: 0, scheduled: 0, paused: true, oldestWaitingMs: null },
        { type: "flaky", waiting: 0, executing: 0, scheduled: 1, paused: false, oldestWaitingMs: null },
        { type: "hash", waiting: 0, executing: 0, scheduled: 0, paused: false },
        { type: "sleep", waiting: 1, executing: 1, scheduled: 0, paused: false },
      ],
      deadLetters: 1,
      outbox: 1,
    });
    expect((queues.queues as { oldestWaitingMs: number }[])[3]?.oldestWaitingMs).toBeGreaterThan(4_900);
    expect(queues.bus).toContainEqual({ name: "events.observed", ready: 3, consumers: 1 });

    const { body } = await get<{ workers: { id: string; state: string; jobs: { jobId: string }[] }[] }>(
      "/workers",
    );
    expect(Object.fromEntries(body.workers.map(({ id, state }) => [id, state]))).toEqual({
      "w-alive": "alive",
      "w-silent": "lost",
      "w-stopped": "stopped",
    });
    expect(body.workers.find(({ id }) => id === "w-alive")?.jobs.map(({ jobId }) => jobId)).toEqual([
      running,
    ]);

    const { body: overview } = await get<Overview>("/overview");
    expect(overview).toMatchObject({
      engines: "full",
      workers: { alive: 1, lost: 1, slots: 8, busy: 1 },
      stats: { total: 4, byStatus: { EXECUTING: 1, VALIDATED: 1, RETRYING: 1, COMPLETED: 1, FAILED: 0 } },
      deadLetters: 1,
      alerts: { firing: 0 },
      unavailable: [],
    });
    expect(overview.stats.byType).toEqual({
      flaky: { RETRYING: 1 },
      hash: { COMPLETED: 1 },
      sleep: { EXECUTING: 1, VALIDATED: 1 },
    });
  });
}
