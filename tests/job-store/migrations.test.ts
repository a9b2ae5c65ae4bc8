import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import postgres from "postgres";
import { eventIdAt } from "../../contracts/ids.ts";
import type { JobStatus } from "../../contracts/job.ts";
import { createClaimStore } from "../../services/processor/claim-store.ts";
import { createCountStore } from "../../services/processor/count-store.ts";
import { createHistorian } from "../../services/processor/history.ts";
import { createHistoryWriter } from "../../services/processor/history-sql.ts";
import { createKnownTypes } from "../../services/processor/known-types.ts";
import { migrate, SchemaTooNew } from "../../services/processor/migration-store.ts";
import { MIGRATIONS } from "../../services/processor/migrations/list.ts";
import { createWorkerStore } from "../../services/processor/worker-store.ts";
import { createJobDatabase } from "../../services/read-model/job-database.ts";
import { createJobQueries } from "../../services/read-model/job-queries.ts";
import { toJob } from "../../services/read-model/job-row.ts";
import { createEventMaker } from "../../shared/event.ts";
import { JOB_TYPES } from "../../shared/job-types/registry.ts";
import { createLog } from "../../shared/log.ts";
import { testEngines } from "../support/engines.ts";
import { type Filling, fillJobs } from "../support/fill-jobs.ts";
import { eventually } from "../support/wait.ts";

/** The migrations of version 0.1. */
const BEFORE = MIGRATIONS.slice(0, 7);
const JOBS: Record<Exclude<JobStatus, "PENDING">, number> = {
  COMPLETED: 110_000,
  FAILED: 20_000,
  CANCELLED: 10_000,
  REJECTED: 5_000,
  VALIDATED: 25_000,
  SCHEDULED: 20_000,
  RETRYING: 8_000,
  EXECUTING: 2_000,
};
const HOUR_MS = 3_600_000;

describe("job store migrations", () => {
  const made: string[] = [];
  let admin: postgres.Sql;
  let engine: string;

  beforeAll(async () => {
    engine = (await testEngines(["postgres"])).postgres.url;
    admin = postgres(engine, { max: 1, onnotice: () => undefined });
  });
  afterAll(async () => {
    for (const name of made) await admin.unsafe(`drop database ${name} with (force)`);
    await admin.end();
  });

  /** Creates a database with version 0.1's tables. Returns ways to query and migrate it. */
  async function oldStore() {
    const name = `migrated_${crypto.randomUUID().slice(0, 8)}`;
    await admin.unsafe(`create database ${name}`);
    made.push(name);
    const url = new URL(engine);
    url.pathname = `/${name}`;
    const connect = (max = 1) =>
      postgres(url.href, { max, onnotice: () => undefined, connection: { synchronous_commit: "off" } });
    const sql = connect(2);
    const lines: string[] = [];
    const log = createLog({ service: "test", level: "info", write: (line) => void lines.push(line) });
    const bring = async (migrations = MIGRATIONS) => {
      const own = connect();
      try {
        await migrate(own, { signal: AbortSignal.timeout(120_000), log, migrations });
      } finally {
        await own.end();
      }
    };
    await bring(BEFORE);
    const reader = createJobDatabase({ url: url.href });
    return {
      sql,
      bring,
      lines,
      queries: createJobQueries(reader),
      async [Symbol.asyncDispose]() {
        await Promise.all([sql.end(), reader.close()]);
      },
    };
  }

  test("upgrade a store of 200,000 jobs in all statuses while older processors work on it", async () => {
    await using store = await oldStore();
    const { sql, bring } = store;
    const future = { dueInMs: HOUR_MS };
    const more: Partial<Record<JobStatus, Partial<Filling>>> = { SCHEDULED: future, RETRYING: future };
    for (const [status, count] of Object.entries(JOBS) as [JobStatus, number][])
      await fillJobs(sql, { count, type: "sleep", status, ...more[status] });

    // An older processor keeps inserting and updating jobs, and must never wait long for a lock.
    const older = await sql.reserve();
    await older`set lock_timeout = '5s'`;
    let over = false;
    const working = (async () => {
      for (let n = 0; !over; n++) {
        await fillJobs(older, {
          count: 3,
          type: "hash",
          status: n % 2 ? "VALIDATED" : "SCHEDULED",
          ...future,
        });
        await older`update jobs set status = 'COMPLETED', finished_at = now()
          where id = any(array(select id from jobs where type = 'hash' and status = 'VALIDATED' limit 2))`;
      }
    })();
    await bring();
    over = true;
    await working;
    older.release();

    expect((await createCountStore(sql).check()).differences).toEqual([]);
    const counted = await sql<{ status: string; jobs: number }[]>`
      select status, sum(jobs)::int as jobs from job_counts where type = 'sleep' group by 1`;
    expect(Object.fromEntries(counted.map(({ status, jobs }) => [status, jobs]))).toEqual(JOBS);
    const [row] = await sql`
      select count(*)::int as early from jobs where due and type = 'sleep' and run_at > now() + interval '1 minute'`;
    expect(row?.early).toBe(0);

    const { jobs } = await (await claimsBy(sql, "processor.1")).claim("processor.1", 100);
    expect(jobs).toHaveLength(100);
  });

  test("keep stored jobs unchanged, including every transition and attempt", async () => {
    await using store = await oldStore();
    for (const status of Object.keys(JOBS) as JobStatus[])
      await fillJobs(store.sql, { count: 2, type: "sleep", status, workerId: "processor.old" });
    await store.sql`
      insert into job_attempts (job_id, attempt, run, worker_id, outcome, started_at, finished_at, duration_ms,
        queue_wait_ms, error, logs)
      select id, 1, 1, worker_id, case status when 'COMPLETED' then 'succeeded' else 'failed' end,
        started_at, updated_at,
        1, 2, '{"code": "OLD", "message": "an old one"}', '[{"at": "2026-01-01T00:00:00.000Z", "message": "a line"}]'
      from jobs where attempt > 0`;
    const ids = (await store.sql<{ id: string }[]>`select id from jobs order by id`).map(({ id }) => id);
    const shown = () =>
      Promise.all(
        ids.map(async (id) => ({
          job: toJob(await store.queries.row(id)),
          transitions: await store.queries.transitions(id),
          attempts: await store.queries.attempts(id),
        })),
      );
    const before = await shown();
    await store.bring();
    expect(await shown()).toEqual(before);
    expect(before.flatMap(({ transitions }) => transitions)).toHaveLength(2 * ids.length);
  });

  test("let older processors take over and prune jobs that newer ones started", async () => {
    await using store = await oldStore();
    const { sql, queries } = store;
    await store.bring();
    const claims = await claimsBy(sql, "processor.new");
    await fillJobs(sql, { count: 2, type: "sleep", status: "VALIDATED" });
    await sql`delete from explicit_transitions`;
    await sql`update jobs set implied = 3`;
    const { jobs } = await claims.claim("processor.new", 2);
    const [job, pruned] = jobs;
    const begun = await queries.transitions(job!.id);
    expect(begun.map(({ from, to }) => [from, to])).toEqual([
      [null, "PENDING"],
      ["PENDING", "VALIDATED"],
      ["VALIDATED", "EXECUTING"],
    ]);

    // Write rows as version 0.1 did when an attempt was lost and the next attempt was claimed and succeeded.
    const moved = (sequence: number, from: string, to: string, attempt: number) => sql`
      insert into job_transitions (job_id, sequence, run, from_status, to_status, attempt, event_id, at, detail)
      values (${job!.id}, ${sequence}, 1, ${from}, ${to}, ${attempt}, ${eventIdAt(job!.id, sequence)}, now(), null)`;
    const tried = (attempt: number, outcome: string) => sql`
      insert into job_attempts (job_id, attempt, run, worker_id, outcome, started_at, finished_at,
        duration_ms, queue_wait_ms)
      select id, ${attempt}, 1, worker_id, ${outcome}, started_at, now(), 1, 1 from jobs where id = ${job!.id}`;
    await sql`update jobs set status = 'RETRYING', sequence = 4 where id = ${job!.id}`;
    await tried(1, "lost");
    await moved(4, "EXECUTING", "RETRYING", 1);
    await sql`
      update jobs set status = 'EXECUTING', sequence = 5, attempt = 2, worker_id = 'processor.old',
        started_at = now() + interval '1 minute' where id = ${job!.id}`;
    await moved(5, "RETRYING", "EXECUTING", 2);
    await sql`update jobs set status = 'COMPLETED', sequence = 7, finished_at = now() where id = ${job!.id}`;
    await tried(2, "succeeded");
    await moved(7, "EXECUTING", "COMPLETED", 2);
    const history = await queries.transitions(job!.id);
    expect(history.slice(0, 3)).toEqual(begun);
    expect(history.map(({ sequence, eventId }) => [sequence, eventId]).slice(1)).toEqual(
      [1, 2, 4, 5, 7].map((sequence) => [sequence, eventIdAt(job!.id, sequence)]),
    );
    const attempts = await queries.attempts(job!.id);
    expect(attempts.map(({ outcome, workerId, logs }) => [outcome, workerId, logs])).toEqual([
      ["lost", "processor.new", []],
      ["succeeded", "processor.old", []],
    ]);

    // This job completed normally, so its row implies its last transition, which has no row of its own. When an older
    // processor prunes the job, it must still find that transition, so that the ledger's sums include it.
    await sql`
      update jobs set status = 'COMPLETED', sequence = 4, finished_at = now(), implied = implied | 8,
        ended_event_id = ${eventIdAt(pruned!.id, 4)} where id = ${pruned!.id}`;
    const gone = await sql.begin(async (tx) => {
      await tx`set local observatory.pruning = 'on'`;
      return tx`
        with doomed as (select id from jobs where id = ${pruned!.id} for update),
        moves as (
          delete from job_transitions t using doomed where t.job_id = doomed.id
          returning t.event_id, t.from_status, t.to_status
        ),
        attempts as (delete from job_attempts a using doomed where a.job_id = doomed.id),
        rows as (delete from jobs j using doomed where j.id = doomed.id)
        select * from moves where to_status = 'COMPLETED'`;
    });
    expect(gone).toEqual([
      { event_id: eventIdAt(pruned!.id, 4), from_status: "EXECUTING", to_status: "COMPLETED" },
    ] as never);
    expect(await queries.transitions(pruned!.id)).toEqual([]);
  });

  test("that are newer than the processor are refused with a one-sentence error", async () => {
    await using store = await oldStore();
    await store.bring();
    const older = MIGRATIONS.slice(0, -1);
    const newest = MIGRATIONS.at(-1)?.name;
    await expect(store.bring(older)).rejects.toThrow(SchemaTooNew);
    await expect(store.bring(older)).rejects.toThrow(
      `The job store has migration ${newest}, but this processor knows migrations only up to ${older.at(-1)?.name}; start a processor at least as new as the one that migrated the store`,
    );
  });

  test("wait for another processor that is migrating, and log the wait", async () => {
    await using store = await oldStore();
    const other = await store.sql.reserve();
    await other`select pg_advisory_lock(7326115)`;
    const bringing = store.bring();
    await eventually(() => store.lines.some((line) => line.includes("Waiting for another processor")), {
      what: "the second processor to log its wait",
    });
    expect(await store.sql`select 1 from schema_migrations`).toHaveLength(BEFORE.length);
    await other`select pg_advisory_unlock(7326115)`;
    other.release();
    await bringing;
    expect(await store.sql`select 1 from schema_migrations`).toHaveLength(MIGRATIONS.length);
  });

  test("yield to a transaction that already holds a lock on another table they need", async () => {
    await using store = await oldStore();
    const older = await store.sql.reserve();
    await older`begin`;
    await older`lock table job_transitions in row exclusive mode`;
    const bringing = store.bring();
    await eventually(
      async () => {
        const waiting = await store.sql`
          select from pg_locks where not granted and relation = 'job_transitions'::regclass`;
        return waiting.length > 0;
      },
      { what: "the migration to wait for the table that the older processor holds" },
    );
    await older`lock table jobs in row exclusive mode`;
    await older`commit`;
    older.release();
    await bringing;
    expect(await store.sql`select 1 from schema_migrations`).toHaveLength(MIGRATIONS.length);
  });

  test("rebuild an index that an interrupted start left half-built", async () => {
    await using store = await oldStore();
    await store.bring(MIGRATIONS.slice(0, 8));
    await store.sql`create index jobs_claimable on jobs (id)`;
    await store.sql`update pg_index set indisvalid = false where indexrelid = 'jobs_claimable'::regclass`;
    await store.bring();
    const [index] = await store.sql`
      select indisvalid as valid, pg_get_indexdef(indexrelid) as made from pg_index
      where indexrelid = 'jobs_claimable'::regclass`;
    expect(index?.valid).toBe(true);
    expect(index?.made).toContain("priority DESC, run_at");
  });
});

/** Registers a live worker and returns a claim store. */
async function claimsBy(sql: postgres.Sql, id: string) {
  const known = createKnownTypes(JOB_TYPES);
  const facts = { host: "here", pid: 1, version: "1.0.0", concurrency: 9, types: known.versions };
  await createWorkerStore(sql).register({ id, ...facts });
  const makeEvent = createEventMaker({ service: "processor", instanceId: "test", version: "1.0.0" });
  return createClaimStore(
    sql,
    createHistorian(makeEvent, () => new Date()),
    createHistoryWriter(),
    known,
  );
}
