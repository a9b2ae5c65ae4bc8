import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import postgres from "postgres";
import { createAttemptStore, type PiggybackRequest } from "../../services/processor/attempt-store.ts";
import { createClaimStore } from "../../services/processor/claim-store.ts";
import { conclude } from "../../services/processor/conclude.ts";
import { createHistorian } from "../../services/processor/history.ts";
import { createHistoryWriter } from "../../services/processor/history-sql.ts";
import type { ClaimedJob } from "../../services/processor/job.ts";
import { guardedStore, type JobStore, openJobStore } from "../../services/processor/job-store.ts";
import { createKnownTypes } from "../../services/processor/known-types.ts";
import type { Claimed } from "../../services/processor/record-starts-sql.ts";
import { createWorkerStore } from "../../services/processor/worker-store.ts";
import { createEventMaker } from "../../shared/event.ts";
import { JOB_TYPES } from "../../shared/job-types/registry.ts";
import { createLog } from "../../shared/log.ts";
import { testEngines } from "../support/engines.ts";
import { fillJobs } from "../support/fill-jobs.ts";

const MANY = 20_000;
const WORKER = "processor.1";
const log = createLog({ service: "test", level: "error" });
const makeEvent = createEventMaker({ service: "processor", instanceId: "test", version: "1.0.0" });
const history = createHistorian(makeEvent, () => new Date());
const PIGGYBACK = { workerId: WORKER, typeSlots: "{}" };

describe("claims", () => {
  const database = `claims_${crypto.randomUUID().slice(0, 8)}`;
  const known = createKnownTypes(JOB_TYPES);
  let admin: postgres.Sql;
  let sql: postgres.Sql;
  let store: JobStore;
  let claims: ReturnType<typeof createClaimStore>;
  let runs: ReturnType<typeof createAttemptStore>;

  beforeAll(async () => {
    const { postgres: engine } = await testEngines(["postgres"]);
    admin = postgres(engine.url, { max: 1, onnotice: () => undefined });
    await admin.unsafe(`create database ${database}`);
    const url = new URL(engine.url);
    url.pathname = `/${database}`;
    // With a single connection, the statements are planned on empty tables, and the plans are kept.
    store = openJobStore({ url: url.href, max: 1, log });
    await store.migrate(new AbortController().signal);
    sql = postgres(url.href, { max: 1, onnotice: () => undefined });
    const facts = { host: "here", pid: 1, version: "1.0.0", concurrency: 64, types: known.versions };
    await createWorkerStore(sql).register({ id: WORKER, ...facts });
    claims = guardedStore(store, (on) => createClaimStore(on, history, createHistoryWriter(), known));
    runs = guardedStore(store, (on) => createAttemptStore(on, history, createHistoryWriter(), known));
    // PostgreSQL settles on a prepared statement's generic plan after it has run a few times.
    for (let n = 0; n < 8; n++) {
      await claims.claim(WORKER, 20);
      for (const piggyback of [undefined, PIGGYBACK]) await finish([], piggyback);
    }
  });
  afterAll(async () => {
    await Promise.all([store.close(), sql.end()]);
    await admin.unsafe(`drop database ${database} with (force)`);
    await admin.end();
  });
  beforeEach(async () => {
    await sql`truncate jobs, explicit_transitions, paused_types, outbox`;
  });

  /** Returns how many rows of `jobs` the store's connection reads during `work`, with or without an index. */
  async function rowsRead(work: () => Promise<unknown>): Promise<number> {
    const total = async () => {
      // A session's counts become visible only when they are flushed. Flush both sessions, so that rows touched by the
      // test's own statements are not attributed to the claim.
      await sql`select pg_stat_force_next_flush()`;
      await store.run((on) => on`select pg_stat_force_next_flush()`);
      const [row] = await sql<{ rows: number }[]>`
        select (seq_tup_read + idx_tup_fetch)::int as rows from pg_stat_user_tables where relname = 'jobs'`;
      return row?.rows ?? 0;
    };
    const before = await total();
    await work();
    return (await total()) - before;
  }

  async function claim(limit: number, typeSlots?: Record<string, number>): Promise<string[]> {
    const { jobs }: Claimed = await claims.claim(WORKER, limit, typeSlots);
    return jobs.map(({ type }) => type);
  }

  /** Finishes attempts successfully. With `piggyback`, the same statement also claims jobs. */
  function finish(jobs: readonly ClaimedJob[], piggyback?: PiggybackRequest) {
    const entries = jobs.map((job) => {
      const ending = { outcome: "succeeded", result: "{}" } as const;
      const ended = { job, ending, finishedAt: new Date(), durationMs: 1, logs: "[]" };
      return { ended, conclusion: conclude(history, ended) };
    });
    return runs.finish(entries, piggyback);
  }

  const OTHERS = {
    "paused jobs": async () => {
      await fillJobs(sql, { count: MANY, type: "sleep", status: "VALIDATED", priority: 9 });
      await sql`insert into paused_types (type) values ('sleep')`;
    },
    "future jobs": async () => {
      await fillJobs(sql, {
        count: MANY,
        type: "flaky",
        status: "SCHEDULED",
        priority: 9,
        dueInMs: 3_600_000,
        due: false,
      });
    },
    "jobs of a type without free slots": () =>
      fillJobs(sql, { count: MANY, type: "hash", status: "VALIDATED", priority: 9 }),
    "jobs of an unknown type": () =>
      fillJobs(sql, { count: MANY, type: "greet", status: "VALIDATED", priority: 9 }),
    "jobs of a newer version": () =>
      fillJobs(sql, { count: MANY, type: "flaky", status: "VALIDATED", priority: 9, typeVersion: 90_000 }),
    "jobs of lower priority": () =>
      fillJobs(sql, { count: MANY, type: "sleep", status: "VALIDATED", priority: 0 }),
  };
  for (const [others, fill] of Object.entries(OTHERS))
    test(`read few rows next to ${MANY} ${others}, whether statistics describe the empty or the full table`, async () => {
      await sql`analyze jobs`;
      await fill();
      for (const statistics of ["empty", "full"]) {
        if (statistics === "full") await sql`analyze jobs`;
        await fillJobs(sql, { count: 20, type: "flaky", status: "VALIDATED", priority: 5 });
        const read = await rowsRead(async () => {
          expect(await claim(20, { hash: 0 })).toEqual(Array(20).fill("flaky"));
        });
        expect(read).toBeLessThan(200);
      }
    });

  test("read few rows while the queue alternates between empty and full", async () => {
    for (let swing = 0; swing < 3; swing++) {
      await fillJobs(sql, { count: MANY, type: "sleep", status: "VALIDATED" });
      if (swing > 0) await sql`vacuum analyze jobs`;
      expect(await rowsRead(() => claim(50))).toBeLessThan(500);
      await sql`update jobs set status = 'COMPLETED' where status <> 'COMPLETED'`;
      if (swing < 2) await sql`vacuum analyze jobs`;
      expect(await rowsRead(() => claim(50))).toBeLessThan(10);
    }
  });

  test("read few rows, alone or in the statement that finishes attempts, while the queue alternates between empty and full", async () => {
    for (let swing = 0; swing < 2; swing++) {
      await fillJobs(sql, { count: 5_000, type: "sleep", status: "VALIDATED" });
      const full = await rowsRead(async () => {
        const first = await claims.claim(WORKER, 50);
        const { done, claimed } = await finish(first.jobs, PIGGYBACK);
        expect([done.size, claimed.jobs.length]).toEqual([50, 50]);
        expect((await finish(claimed.jobs)).done.size).toBe(50);
      });
      expect(full).toBeLessThan(1_000);

      const last = await claims.claim(WORKER, 50);
      await sql`update jobs set status = 'COMPLETED' where status = 'VALIDATED'`;
      const empty = await rowsRead(async () => {
        const { done, claimed } = await finish(last.jobs, PIGGYBACK);
        expect([done.size, claimed.jobs.length]).toEqual([50, 0]);
      });
      expect(empty).toBeLessThan(500);
      // With the statistics of an emptied queue, every plan looks cheap.
      await sql`vacuum analyze jobs`;
      await sql`truncate jobs, explicit_transitions`;
      await sql`analyze jobs`;
    }
  });

  test("and the statement that finishes attempts read few rows when the table has grown since they were planned", async () => {
    const ended = (count: number) =>
      fillJobs(sql, { count, type: "sleep", status: "COMPLETED", workerId: WORKER });
    const runTen = async () => {
      await fillJobs(sql, { count: 10, type: "sleep", status: "VALIDATED" });
      const { jobs } = await claims.claim(WORKER, 10);
      await runs.saveProgress(jobs.map((job) => ({ job, progress: "{}" })));
      expect((await finish(jobs)).done.size).toBe(10);
    };
    // While there are few jobs, PostgreSQL estimates that scanning a whole index (the primary key or `jobs_by_worker`)
    // is cheaper than ten lookups.
    for (const few of [5, 120]) {
      await sql`truncate jobs, explicit_transitions`;
      await ended(few);
      await sql`analyze jobs`;
      await runTen();
      await ended(MANY);
      expect(await rowsRead(runTen)).toBeLessThan(200);
    }
  });

  test("take the highest priority first across types and versions, then the oldest", async () => {
    await fillJobs(sql, { count: 2, type: "sleep", status: "VALIDATED", priority: 3, dueInMs: -9_000 });
    await fillJobs(sql, { count: 2, type: "flaky", status: "VALIDATED", priority: 8, dueInMs: -2_000 });
    await fillJobs(sql, { count: 2, type: "hash", status: "RETRYING", priority: 3, typeVersion: 10_000 });
    await fillJobs(sql, { count: 1, type: "hash", status: "SCHEDULED", priority: 9, dueInMs: -1_000 });
    expect((await claim(3)).sort()).toEqual(["flaky", "flaky", "hash"]);
    expect(await claim(2)).toEqual(["sleep", "sleep"]);
    expect(await claim(5)).toEqual(["hash", "hash"]);
  });

  test("take no more jobs of a limited type than it has slots, and fill up with other types", async () => {
    await fillJobs(sql, { count: 9, type: "hash", status: "VALIDATED", priority: 9 });
    await fillJobs(sql, { count: 9, type: "sleep", status: "VALIDATED", priority: 1 });
    expect((await claim(6, { hash: 2 })).sort()).toEqual(["hash", "hash", ...Array(4).fill("sleep")]);
  });

  test("return the sequence number that they write, so that the event of a lost attempt takes the next number", async () => {
    await fillJobs(sql, { count: 3, type: "sleep", status: "VALIDATED" });
    const { jobs } = await claims.claim(WORKER, 3);
    const rows = await sql`
      select sequence, (select max(sequence) from job_transitions where job_id = jobs.id) as written from jobs`;
    expect(jobs).toHaveLength(3);
    for (const { sequence } of jobs) expect(rows[0]).toEqual({ sequence, written: sequence });
  });

  test("skip jobs that another processor is claiming", async () => {
    await fillJobs(sql, { count: 10, type: "sleep", status: "VALIDATED" });
    await sql.begin(async (tx) => {
      await tx`select from jobs order by run_at limit 4 for update`;
      expect(await claim(10)).toHaveLength(6);
    });
  });

  test("take scheduled jobs once they are due, promoted in bounded batches", async () => {
    await fillJobs(sql, { count: 1_500, type: "sleep", status: "SCHEDULED", due: false });
    await fillJobs(sql, { count: MANY, type: "sleep", status: "SCHEDULED", dueInMs: 3_600_000, due: false });
    expect(await claim(10)).toHaveLength(0);
    const read = await rowsRead(async () => {
      expect(await claims.promote()).toEqual({ promoted: 1_000, more: true });
      expect(await claims.promote()).toEqual({ promoted: 500, more: false });
    });
    expect(read).toBeLessThan(4_000);
    expect(await claim(10)).toHaveLength(10);
  });
});
