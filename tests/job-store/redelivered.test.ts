import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import postgres from "postgres";
import { createHistorian } from "../../services/processor/history.ts";
import { createHistoryWriter } from "../../services/processor/history-sql.ts";
import { canary, newJob } from "../../services/processor/intake-row.ts";
import { createIntakeStore, type NewJob } from "../../services/processor/intake-store.ts";
import { openJobStore } from "../../services/processor/job-store.ts";
import { createPruneStore, pruneIn } from "../../services/processor/prune-store.ts";
import { createEventMaker } from "../../shared/event.ts";
import { createLog } from "../../shared/log.ts";
import { openPostgres, type Sql } from "../../shared/postgres.ts";
import { testEngines } from "../support/engines.ts";
import { eventually } from "../support/wait.ts";

const log = createLog({ service: "test", level: "error" });
const makeEvent = createEventMaker({ service: "processor", instanceId: "test", version: "1.0.0" });
const history = createHistorian(makeEvent, () => new Date());

describe("a message redelivered while its job is deleted", () => {
  const database = `redelivered_${crypto.randomUUID().slice(0, 8)}`;
  let undo: () => Promise<void>;
  let sql: Sql;

  beforeAll(async () => {
    const { postgres: engine } = await testEngines(["postgres"]);
    const admin = postgres(engine.url, { max: 1, onnotice: () => undefined });
    await admin.unsafe(`create database ${database}`);
    const url = new URL(engine.url);
    url.pathname = `/${database}`;
    const store = openJobStore({ url: url.href, max: 1, log });
    await store.migrate(new AbortController().signal);
    sql = openPostgres({ url: url.href, max: 5, name: "test", arrays: false });
    undo = async () => {
      await Promise.all([store.close(), sql.end()]);
      await admin.unsafe(`drop database ${database} with (force)`);
      await admin.end();
    };
  });
  afterAll(() => undo());

  const intake = (on: Sql = sql) => createIntakeStore(on, createHistoryWriter());
  const message = () => newJob(history, canary(), new Date());

  /** Inserts a job that ended an hour ago, in a span that the ledger has sealed. */
  async function ended(): Promise<NewJob> {
    const job = message();
    await intake().insert([job]);
    await sql`
      update jobs set status = 'COMPLETED', created_at = now() - interval '1 hour',
        finished_at = now() - interval '1 hour'
      where id = ${job.id}`;
    await sql`
      insert into ledger_seals (from_at, until, witnessed, accepted, dead_lettered, completed, failed, cancelled,
        rejected, solid_jobs, solid_ends, rows, rows_check, row_ends, ends_check, accused, late_seen, seen_xid)
      values (to_timestamp(0), now() - interval '1 minute', true, 1, 0, 1, 0, 0, 0, 1, 1, 1, 0, 1, 0, 0, 0,
        pg_current_xact_id())
      on conflict do nothing`;
    return job;
  }

  async function isBlocked(): Promise<boolean> {
    const rows = await sql`
      select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query like '%insert into jobs%'`;
    return rows.length > 0;
  }

  async function rowOf({ id }: NewJob) {
    return sql`select from jobs where id = ${id}`;
  }

  test("does not run the job again if the deletion commits after the insert has begun", async () => {
    const job = await ended();
    const deletion = await sql.reserve();
    await deletion`begin`;
    expect(await pruneIn(deletion as unknown as Sql, [job.id], "purge")).toBe(1);
    let settled = false;
    const redelivered = intake()
      .insert([job])
      .finally(() => {
        settled = true;
      });
    await eventually(async () => settled || (await isBlocked()), { what: "the insert to meet the deletion" });
    await deletion`commit`;
    deletion.release();
    expect((await redelivered).inserted.size).toBe(0);
    expect(await rowOf(job)).toHaveLength(0);
  });

  test("does not run the job again if the insert reaches the job after its deletion, and other jobs are still inserted", async () => {
    // Created first, so that its id sorts before the other job's, because ids begin with their creation time.
    const fresh = message();
    const job = await ended();
    const twin = await sql.reserve();
    await twin`begin`;
    await intake(twin as unknown as Sql).insert([fresh]);
    const redelivered = intake().insert([fresh, job]);
    await eventually(isBlocked, { what: "the second insert to wait for the first" });
    expect(await createPruneStore(sql).prune([job.id], "purge")).toBe(1);
    await twin`rollback`;
    twin.release();
    expect([...(await redelivered).inserted]).toEqual([fresh.id]);
    expect(await rowOf(job)).toHaveLength(0);
  });
});
