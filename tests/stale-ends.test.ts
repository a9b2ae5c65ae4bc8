import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import postgres from "postgres";
import { eventIdAt, newJobId } from "../contracts/ids.ts";
import { conclude } from "../services/processor/conclude.ts";
import { createHistorian } from "../services/processor/history.ts";
import type { ClaimedJob, Ending } from "../services/processor/job.ts";
import { openJobStore } from "../services/processor/job-store.ts";
import { createKnownTypes } from "../services/processor/known-types.ts";
import { createRunStore } from "../services/processor/run-store.ts";
import { createEventMaker } from "../shared/event.ts";
import { JOB_TYPES } from "../shared/job-types/registry.ts";
import { createLog } from "../shared/log.ts";
import { testEngines } from "./support/engines.ts";

const log = createLog({ service: "test", level: "error" });
const history = createHistorian(
  createEventMaker({ service: "processor", instanceId: "test", version: "1.0.0" }),
);

describe("the statements of running jobs", () => {
  const database = `ends_${crypto.randomUUID().slice(0, 8)}`;
  let undo: () => Promise<void>;
  let sql: postgres.Sql;

  beforeAll(async () => {
    const { postgres: engine } = await testEngines(["postgres"]);
    const admin = postgres(engine.url, { max: 1, onnotice: () => undefined });
    await admin.unsafe(`create database ${database}`);
    const url = new URL(engine.url);
    url.pathname = `/${database}`;
    const store = openJobStore({ url: url.href, max: 2, log });
    await store.migrate();
    sql = postgres(url.href, { max: 2, fetch_types: false, onnotice: () => undefined });
    undo = async () => {
      await Promise.all([store.close(), sql.end()]);
      await admin.unsafe(`drop database ${database} with (force)`);
      await admin.end();
    };
  });
  afterAll(() => undo());

  async function registerWorkers(): Promise<void> {
    await sql`
      insert into workers (id, host, pid, version, concurrency, state)
      values ('processor.1', 'here', 1, '1.0.0', 1, 'alive'), ('processor.2', 'here', 1, '1.0.0', 1, 'alive')
      on conflict do nothing`;
  }

  async function waitingJob(): Promise<string> {
    const id = newJobId();
    const at = new Date(Date.now() - 1_000);
    await sql`
      insert into jobs (id, type, status, priority, payload, fingerprint, correlation_id, created_event_id, sequence,
        max_attempts, base_ms, cap_ms, deadline_ms, run_at, created_at, received_at, updated_at)
      values (${id}, 'sleep', 'VALIDATED', 5, '{}', 'none', ${crypto.randomUUID()}, ${eventIdAt(id, 0)}, 1, 3, 0, 0, 1000,
        ${at}, ${at}, ${at}, ${at})`;
    return id;
  }

  const end = (job: ClaimedJob, ending: Ending) => {
    const ended = { job, ending, finishedAt: new Date(), durationMs: 1, logs: "[]" };
    return { ended, conclusion: conclude(history, ended, () => 0) };
  };
  const lost: Ending = {
    outcome: "lost",
    error: { code: "WORKER_LOST", message: "The worker died before the attempt ended" },
    countsAsLoss: true,
  };
  const succeeded: Ending = { outcome: "succeeded", result: "{}" };

  test("a claim by a clock that is behind starts no earlier than the job came to wait", async () => {
    const runs = createRunStore(sql, history, createKnownTypes(JOB_TYPES));
    await registerWorkers();
    const id = await waitingJob();
    const [{ waitsSince } = { waitsSince: new Date() }] = await sql<{ waitsSince: Date }[]>`
      select updated_at as "waitsSince" from jobs where id = ${id}`;
    await sql`update jobs set run_at = run_at - interval '1 minute' where id = ${id}`;
    const { jobs } = await runs.claim("processor.1", 1, new Date(waitsSince.getTime() - 5_000));
    expect(jobs.map((job) => [job.id, job.startedAt])).toEqual([[id, waitsSince]]);
    const [step] = await sql`select at from job_transitions where job_id = ${id} and to_status = 'EXECUTING'`;
    expect(step?.at).toEqual(waitsSince);
  });

  for (const order of ["stale first", "current first"] as const)
    test(`of two ends of one job in a batch, the current one alone is written (${order})`, async () => {
      const runs = createRunStore(sql, history, createKnownTypes(JOB_TYPES));
      const id = await waitingJob();
      const claim = async (worker: string) => (await runs.claim(worker, 1, new Date())).jobs[0] as ClaimedJob;

      await registerWorkers();
      const first = await claim("processor.1");
      await runs.finish([end(first, lost)]);
      const second = await claim("processor.2");
      const batch = [end(first, succeeded), end(second, succeeded)];
      if (order === "current first") batch.reverse();
      const before = (await sql`select id from outbox order by id`).length;

      const { done } = await runs.finish(batch);
      expect([...done].map((place) => batch[place]?.ended.job.attempt)).toEqual([2]);
      const attempts =
        await sql`select attempt, worker_id, outcome from job_attempts where job_id = ${id} order by attempt`;
      expect(attempts.map((row) => ({ ...row }))).toEqual([
        { attempt: 1, worker_id: "processor.1", outcome: "lost" },
        { attempt: 2, worker_id: "processor.2", outcome: "succeeded" },
      ]);
      const ends =
        await sql`select to_status, attempt from job_transitions where job_id = ${id} and from_status = 'EXECUTING' order by sequence`;
      expect(ends.map((row) => ({ ...row }))).toEqual([
        { to_status: "RETRYING", attempt: 1 },
        { to_status: "COMPLETED", attempt: 2 },
      ]);
      const messages = await sql<{ body: string }[]>`select body from outbox order by id`;
      const told = JSON.parse(messages.slice(before)[0]?.body ?? "[]") as {
        eventType: string;
        payload: { attempt: number };
      }[];
      expect(messages.length).toBe(before + 1);
      expect(told.map((event) => [event.eventType, event.payload.attempt])).toEqual([
        ["job.executed", 2],
        ["job.completed", 2],
      ]);
    });
});
