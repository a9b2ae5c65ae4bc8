import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import postgres from "postgres";
import { eventIdAt, newJobId } from "../../contracts/ids.ts";
import { createAttemptStore } from "../../services/processor/attempt-store.ts";
import { createClaimStore } from "../../services/processor/claim-store.ts";
import { conclude } from "../../services/processor/conclude.ts";
import { createCountStore } from "../../services/processor/count-store.ts";
import { createHistorian } from "../../services/processor/history.ts";
import { createHistoryWriter } from "../../services/processor/history-sql.ts";
import type { ClaimedJob, Ending } from "../../services/processor/job.ts";
import { openJobStore } from "../../services/processor/job-store.ts";
import { createKnownTypes } from "../../services/processor/known-types.ts";
import { readableBody } from "../../shared/bus/compression.ts";
import { openBus } from "../../shared/bus/open.ts";
import type { Bus } from "../../shared/bus/port.ts";
import { createEventMaker } from "../../shared/event.ts";
import { JOB_TYPES } from "../../shared/job-types/registry.ts";
import { createLog } from "../../shared/log.ts";
import { plainArray } from "../../shared/postgres.ts";
import { testEngines } from "../support/engines.ts";

const log = createLog({ service: "test", level: "error" });
const history = createHistorian(
  createEventMaker({ service: "processor", instanceId: "test", version: "1.0.0" }),
  () => new Date(),
);

describe("the statements for running jobs", () => {
  const database = `ends_${crypto.randomUUID().slice(0, 8)}`;
  let undo: () => Promise<void>;
  let sql: postgres.Sql;
  let bus: Bus;

  beforeAll(async () => {
    const { postgres: engine } = await testEngines(["postgres"]);
    const admin = postgres(engine.url, { max: 1, onnotice: () => undefined });
    await admin.unsafe(`create database ${database}`);
    const url = new URL(engine.url);
    url.pathname = `/${database}`;
    const store = openJobStore({ url: url.href, max: 2, log });
    await store.migrate(new AbortController().signal);
    bus = openBus({ url: url.href, name: "test", log });
    await bus.connected();
    sql = postgres(url.href, { max: 2, fetch_types: false, onnotice: () => undefined });
    undo = async () => {
      await Promise.all([store.close(), bus.close(), sql.end()]);
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
      values (${id}, 'sleep', 'VALIDATED', 5, '{}', 'none', ${crypto.randomUUID()}, ${eventIdAt(id, 0)}, 1,
        3, 0, 0, 1000, ${at}, ${at}, ${at}, ${at})`;
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

  const known = createKnownTypes(JOB_TYPES);
  const claims = (on: postgres.Sql) => createClaimStore(on, history, createHistoryWriter(), known);

  test("date the start of a claimed attempt no earlier than its job began to wait, even if the clock is slow", async () => {
    await registerWorkers();
    const id = await waitingJob();
    const [{ waitsSince } = { waitsSince: new Date() }] = await sql<{ waitsSince: Date }[]>`
      update jobs set updated_at = date_trunc('second', now() + interval '5 seconds'),
        run_at = run_at - interval '1 minute'
      where id = ${id} returning updated_at as "waitsSince"`;
    const { jobs } = await claims(sql).claim("processor.1", 1);
    expect(jobs.map((job) => [job.id, job.startedAt])).toEqual([[id, waitsSince]]);
    const [step] = await sql`select at from job_transitions where job_id = ${id} and to_status = 'EXECUTING'`;
    expect(step?.at).toEqual(waitsSince);
  });

  const messages = {
    outbox: () => sql<{ body: Buffer }[]>`select message as body from outbox order by id`,
    bus: () =>
      sql<{ body: Buffer }[]>`select body from bus.messages where queue = 'events.observed' order by id`,
  };

  for (const [order, place] of [
    ["stale first", "outbox"],
    ["current first", "outbox"],
    ["stale first", "bus"],
  ] as const)
    test(`record only the current attempt if a batch finishes a stale and a current attempt of one job (${order}, messages in the ${place})`, async () => {
      const write = createHistoryWriter(place === "bus" ? bus.tables : undefined);
      const runs = createAttemptStore(sql, history, write, known);
      const id = await waitingJob();
      const claim = async (worker: string) => (await claims(sql).claim(worker, 1)).jobs[0] as ClaimedJob;

      await registerWorkers();
      const first = await claim("processor.1");
      await runs.finish([end(first, lost)]);
      const second = await claim("processor.2");
      const batch = [end(first, succeeded), end(second, succeeded)];
      if (order === "current first") batch.reverse();
      const before = (await messages[place]()).length;

      const { done } = await runs.finish(batch);
      expect([...done].map((place) => batch[place]?.ended.job.attempt)).toEqual([2]);
      const attempts =
        await sql`select attempt, worker_id, outcome from job_attempts where job_id = ${id} order by attempt`;
      expect(attempts.map((row) => ({ ...row }))).toEqual([
        { attempt: 1, worker_id: "processor.1", outcome: "lost" },
        { attempt: 2, worker_id: "processor.2", outcome: "succeeded" },
      ]);
      const ends = await sql`select to_status, attempt from job_transitions
          where job_id = ${id} and from_status = 'EXECUTING' order by sequence`;
      expect(ends.map((row) => ({ ...row }))).toEqual([
        { to_status: "RETRYING", attempt: 1 },
        { to_status: "COMPLETED", attempt: 2 },
      ]);
      const written = (await messages[place]()).slice(before).map(({ body }) => readableBody(body));
      const told = JSON.parse(Buffer.from(written[0] ?? []).toString()) as {
        eventType: string;
        payload: { attempt: number };
      }[];
      expect(written).toHaveLength(1);
      expect(told.map((event) => [event.eventType, event.payload.attempt])).toEqual([
        ["job.executed", 2],
        ["job.completed", 2],
      ]);
    });

  describe("that finish attempts and claim further jobs", () => {
    const runs = () => createAttemptStore(sql, history, createHistoryWriter(), known);
    const piggyback = (workerId: string) => ({ workerId, typeSlots: "{}" });
    const held = async (worker: string) =>
      (await sql`select id from jobs where status = 'EXECUTING' and worker_id = ${worker}`).length;

    test("claim one job for each attempt that they finished", async () => {
      await sql`truncate jobs, explicit_transitions, explicit_attempts, job_counts_folded, job_count_deltas`;
      await registerWorkers();
      const ids: string[] = [];
      for (let n = 0; n < 6; n++) ids.push(await waitingJob());
      const { jobs } = await claims(sql).claim("processor.1", 2);
      const { done, claimed } = await runs().finish(
        jobs.map((job) => end(job, succeeded)),
        piggyback("processor.1"),
      );
      expect([done.size, claimed.jobs.length, await held("processor.1")]).toEqual([2, 2, 2]);
      expect(claimed.jobs.map(({ status, attempt }) => [status, attempt])).toEqual(
        Array(2).fill(["EXECUTING", 1]),
      );
      const taken = plainArray(claimed.jobs.map(({ id }) => id));
      const starts = await sql`
        select 1 from job_transitions where to_status = 'EXECUTING' and job_id = any(${taken}::uuid[])`;
      expect(starts).toHaveLength(2);

      // One of these jobs no longer belongs to this worker, so finishing its attempt is refused and frees no slot.
      const [kept, lostOne] = claimed.jobs as [ClaimedJob, ClaimedJob];
      await sql`update jobs set worker_id = 'processor.2' where id = ${lostOne.id}`;
      const next = await runs().finish(
        [end(kept, succeeded), end(lostOne, succeeded)],
        piggyback("processor.1"),
      );
      expect([next.done.size, next.claimed.jobs.length, await held("processor.1")]).toEqual([1, 1, 1]);
      expect((await createCountStore(sql).check()).differences).toEqual([]);
    });

    test("claim nothing if no job is waiting or the worker was presumed dead", async () => {
      await sql`truncate jobs, explicit_transitions, explicit_attempts, job_counts_folded, job_count_deltas`;
      await waitingJob();
      const [job] = (await claims(sql).claim("processor.1", 1)).jobs as [ClaimedJob];
      expect((await runs().finish([end(job, succeeded)], piggyback("processor.1"))).claimed.jobs).toEqual([]);
      await waitingJob();
      await waitingJob();
      const [other] = (await claims(sql).claim("processor.1", 1)).jobs as [ClaimedJob];
      await sql`update workers set state = 'lost' where id = 'processor.1'`;
      const { done, claimed } = await runs().finish([end(other, succeeded)], piggyback("processor.1"));
      expect([done.size, claimed.jobs.length]).toEqual([1, 0]);
    });
  });
});
