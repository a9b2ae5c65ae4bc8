import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import postgres from "postgres";
import { createCountStore } from "../../services/processor/count-store.ts";
import { type JobStore, openJobStore } from "../../services/processor/job-store.ts";
import { createLog } from "../../shared/log.ts";
import { readBacklog, readQueueStates } from "../../shared/queue-states.ts";
import { testEngines } from "../support/engines.ts";
import { fillJobs } from "../support/fill-jobs.ts";

const log = createLog({ service: "test", level: "error" });

describe("job counts", () => {
  const database = `counts_${crypto.randomUUID().slice(0, 8)}`;
  let admin: postgres.Sql;
  let sql: postgres.Sql;
  let store: JobStore;

  beforeAll(async () => {
    const { postgres: engine } = await testEngines(["postgres"]);
    admin = postgres(engine.url, { max: 1, onnotice: () => undefined });
    await admin.unsafe(`create database ${database}`);
    const url = new URL(engine.url);
    url.pathname = `/${database}`;
    store = openJobStore({ url: url.href, max: 1, log });
    await store.migrate(new AbortController().signal);
    sql = postgres(url.href, { max: 4, onnotice: () => undefined });
  });
  afterAll(async () => {
    await Promise.all([store.close(), sql.end()]);
    await admin.unsafe(`drop database ${database} with (force)`);
    await admin.end();
  });

  const check = async () => (await createCountStore(sql).check()).differences;
  const fold = () => createCountStore(sql).fold();
  const queues = () => store.run((on) => readQueueStates(on));

  test("follow every row change, whatever causes it", async () => {
    await fillJobs(sql, { count: 30, type: "sleep", status: "VALIDATED", dueInMs: -60_000 });
    await fillJobs(sql, { count: 20, type: "sleep", status: "SCHEDULED", dueInMs: 60_000, due: false });
    await fillJobs(sql, { count: 5, type: "hash", status: "EXECUTING" });
    await fillJobs(sql, { count: 9, type: "greet", status: "RETRYING", typeVersion: 10_001 });
    await sql`insert into paused_types (type) values ('hash'), ('flaky')`;
    const sleep = { type: "sleep", waiting: 30, scheduled: 20, executing: 0, paused: false };
    expect(await queues()).toMatchObject([
      { type: "flaky", waiting: 0, paused: true, oldestWaitingMs: null },
      { type: "greet", waiting: 9, withoutWorker: 9, note: "no worker runs this type" },
      { type: "hash", executing: 5, paused: true },
      sleep,
    ]);
    const ageMs = (await queues()).find(({ type }) => type === "sleep")?.oldestWaitingMs;
    expect(ageMs).toBeGreaterThan(59_000);
    expect(ageMs).toBeLessThan(90_000);

    await sql`update jobs set status = 'COMPLETED' where type = 'sleep' and due`;
    await sql`delete from jobs where type = 'greet'`;
    await sql`update jobs set due = true where not due`;
    expect(await queues()).toMatchObject([
      { type: "flaky" },
      { type: "hash" },
      { ...sleep, waiting: 20, scheduled: 0 },
    ]);
    await fold();
    expect(await sql`select 1 from job_count_deltas`).toHaveLength(0);
    expect(await check()).toEqual([]);
  });

  test("follow dead letters that are filed, replayed and dropped", async () => {
    await sql`
      insert into dead_letters (id, kind, reason, detail, service, queue, died_at, body)
      select gen_random_uuid(), 'message', 'MALFORMED', '', 'test', 'jobs.created', now(), ''
      from generate_series(1, 7)`;
    const open = async () => (await store.run(readBacklog)).deadLetters;
    expect(await open()).toBe(7);
    await sql`update dead_letters set replayed_at = now() where id in (select id from dead_letters limit 2)`;
    await sql`update dead_letters set dropped_at = now() where id in (select id from dead_letters limit 1)`;
    await fold();
    expect(await check()).toEqual([]);
    expect(await open()).toBeLessThanOrEqual(5);
  });

  test("stay exact while jobs are written and counts are added up and checked concurrently", async () => {
    const before = await sql<{ jobs: number }[]>`select coalesce(sum(jobs), 0)::int as jobs from job_counts`;
    const writers = Array.from({ length: 3 }, async (_, n) => {
      for (let round = 0; round < 15; round++) {
        await fillJobs(sql, { count: 7, type: `w${n}`, status: "VALIDATED", priority: round % 10 });
        await sql`update jobs set status = 'EXECUTING' where type = ${`w${n}`} and status = 'VALIDATED'`;
      }
    });
    let over = false;
    const others = async () => {
      while (!over) {
        await fold();
        expect(await check()).toEqual([]);
      }
    };
    const checking = others();
    await Promise.all(writers);
    over = true;
    await checking;
    const [after] = await sql<{ jobs: number }[]>`select sum(jobs)::int as jobs from job_counts`;
    expect(after?.jobs).toBe((before[0]?.jobs ?? 0) + 3 * 15 * 7);
  });

  test("that are wrong are found and corrected", async () => {
    await sql`insert into job_counts_folded values ('ghost', 'COMPLETED', 0, 0, false, 12)`;
    expect(await check()).toMatchObject([{ type: "ghost", status: "COMPLETED", counted: 0, kept: 12 }]);
    expect(await check()).toEqual([]);
    expect((await queues()).map(({ type }) => type)).not.toContain("ghost");
  });

  test("cost no more to read when there are many jobs", async () => {
    await fillJobs(sql, { count: 20_000, type: "sleep", status: "VALIDATED" });
    await fillJobs(sql, { count: 20_000, type: "sleep", status: "COMPLETED" });
    await fold();
    const read = async () => {
      await store.run((on) => on`select pg_stat_force_next_flush()`);
      const [row] = await sql<{ rows: number }[]>`
        select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int as rows from pg_stat_user_tables
        where relname <> 'workers'`;
      return row?.rows ?? 0;
    };
    // Sessions delay reporting their counts by up to ten seconds, so flush each of the pool's four connections.
    await Promise.all(
      Array.from({ length: 4 }, () => sql`select pg_stat_force_next_flush() from pg_sleep(0.1)`),
    );
    const before = await read();
    for (let n = 0; n < 10; n++) {
      await queues();
      await store.run(readBacklog);
    }
    expect((await read()) - before).toBeLessThan(10 * 300);
  });
});
