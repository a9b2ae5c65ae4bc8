import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { DeadLetterPage, JobDetail, JobPage, Ledger, Overview } from "../../contracts/api-queries.ts";
import { createdEventId, eventIdAt, newJobId } from "../../contracts/ids.ts";
import type { Problem } from "../../contracts/problem.ts";
import { createJobDatabase } from "../../services/read-model/job-database.ts";
import { missingEngines } from "../../tui/engines/missing.ts";
import { eventually } from "../support/wait.ts";
import { drainedSnapshot, seedDeadLetter, seedJob, seedWorker, terminalEvent } from "./seed.ts";
import { createWorld, type ReadModel, type World } from "./world.ts";

setDefaultTimeout(120_000);

const missing = missingEngines(["postgres", "redis", "mongo"]);
for (const { problem, remedy } of missing)
  console.warn(`tests/read-model/queries.test.ts is left out: ${problem}; try: ${remedy}`);

let world: World;
let model: ReadModel;

async function get<T>(path: string, init?: RequestInit): Promise<{ status: number; body: T }> {
  const response = await fetch(`${model.url}${path}`, init);
  return { status: response.status, body: (await response.json()) as T };
}
async function ids(query: string): Promise<string[]> {
  const { status, body } = await get<JobPage>(`/jobs?${query}`);
  expect(status).toBe(200);
  return body.items.map(({ id }) => id);
}
const ago = (ms: number) => new Date(Date.now() - ms);

describe.skipIf(missing.length > 0 && !process.env.CI)("read-model", () => {
  beforeAll(async () => {
    world = await createWorld();
    model = await world.start();
  }, 600_000);
  afterAll(async () => {
    await world?.stop();
  }, 60_000);
  beforeEach(async () => {
    await world.sql`truncate jobs, explicit_transitions, explicit_attempts, dead_letters, workers, paused_types, outbox,
      ledger_seals, ledger_accusations, ledger_marks, ledger_audits, job_counts_folded, job_count_deltas`;
  });

  describe("jobs", () => {
    test.each(["all", "status=COMPLETED,FAILED", "type=hash"])(
      "pages of %s neither repeat nor miss a job while others arrive, even where times are equal",
      async (filter) => {
        const base = Date.now() - 60_000;
        const seeded: string[] = [];
        for (let n = 0; n < 30; n++) {
          const status = n % 2 === 0 ? "COMPLETED" : "FAILED";
          seeded.push(
            (await seedJob(world.sql, { status, createdAt: new Date(base + Math.floor(n / 5)) })).id,
          );
        }
        // Times that differ in microseconds alone, which a millisecond cursor would confuse.
        await world.sql`
        update jobs set created_at = created_at + (ascii(right(id::text, 1)) * interval '3 microseconds')`;

        const seen: string[] = [];
        let cursor: string | null = null;
        do {
          const page: { body: JobPage } = await get<JobPage>(
            `/jobs?limit=7${filter === "all" ? "" : `&${filter}`}${cursor ? `&cursor=${cursor}` : ""}`,
          );
          seen.push(...page.body.items.map(({ id }) => id));
          cursor = page.body.nextCursor;
          await seedJob(world.sql);
        } while (cursor !== null);
        expect(seen.filter((id) => seeded.includes(id))).toHaveLength(30);
        expect(new Set(seen).size).toBe(seen.length);
        expect(seen.slice().sort()).toEqual(seeded.slice().sort());
      },
    );

    test("a page stays small and fast, whatever its jobs contain; the rest is in the job itself", async () => {
      // The store prints each of these numbers with 309 digits: 60 such jobs are 170 MB.
      const metadata = { numbers: Array<number>(9_000).fill(1e308) };
      const message = `it broke ${"😀".repeat(1_000)}`;
      const heavy = await Promise.all(
        Array.from({ length: 60 }, (_, n) =>
          seedJob(world.sql, {
            status: n === 0 ? "FAILED" : "COMPLETED",
            createdAt: ago(60_000 + n),
            payload: { text: "x".repeat(30_000) },
            result: { digest: "y".repeat(30_000) },
            metadata,
            ...(n === 0 && { error: { code: "HANDLER_ERROR", message } }),
          }),
        ),
      );
      for (const path of [
        "/jobs?limit=500",
        "/jobs?text=HANDLER_ERROR&limit=500",
        "/jobs/recent?limit=500",
      ]) {
        const reply = await fetch(`${model.url}${path}`);
        const text = await reply.text();
        expect([path, reply.status, text.length < 200_000]).toEqual([path, 200, true]);
        const failed = (JSON.parse(text) as JobPage).items.find(({ id }) => id === heavy[0]?.id);
        expect(failed).toMatchObject({ payloadPreview: `{"text": "${"x".repeat(190)}` });
        expect(failed?.error?.message).toBe(message.slice(0, 9 + 2 * 191));
        expect(Object.keys(failed ?? {})).not.toContain("metadata");
      }
      const { body } = await get<JobDetail>(`/jobs/${heavy[1]?.id}`);
      expect([body.payload, body.metadata, body.result]).toEqual([
        { text: "x".repeat(30_000) },
        metadata,
        { digest: "y".repeat(30_000) },
      ]);
      await world.sql`delete from jobs where id = any(${heavy.map(({ id }) => id)}::uuid[])`;
    });

    test("filters find by status, type, time, parent and payload field", async () => {
      const { id: parent } = await seedJob(world.sql, { type: "fan-out", createdAt: ago(9_000) });
      const { id: failed } = await seedJob(world.sql, {
        status: "FAILED",
        createdAt: ago(8_000),
        payload: { ms: 100, note: "Grüße aus Köln" },
        error: { code: "HANDLER_ERROR", message: "connection refused by upstream" },
      });
      const { id: child } = await seedJob(world.sql, {
        type: "sleep",
        parentId: parent,
        createdAt: ago(7_000),
        payload: { ms: "100" },
      });
      const { id: empty } = await seedJob(world.sql, { type: "sleep", payload: {}, createdAt: ago(6_000) });

      expect(await ids("status=FAILED")).toEqual([failed]);
      expect(await ids("type=sleep")).toEqual([empty, child]);
      expect(await ids("type=sleep&status=FAILED")).toEqual([]);
      expect(await ids(`parentId=${parent}`)).toEqual([child]);
      expect(await ids("payload.ms=100")).toEqual([child, failed]);
      expect(await ids("payload.ms=%22100%22")).toEqual([child]);
      expect(await ids("payload.ms=100&payload.note=Gr%C3%BC%C3%9Fe%20aus%20K%C3%B6ln")).toEqual([failed]);
      expect(await ids("payload.ms=101")).toEqual([]);
      expect(
        await ids(`createdAfter=${ago(8_500).toISOString()}&createdBefore=${ago(6_500).toISOString()}`),
      ).toEqual([child, failed]);
    });

    test("filters find by several statuses and types, error, worker, ends and failures, and in one line", async () => {
      await seedJob(world.sql, { status: "CANCELLED", createdAt: ago(7_200_000) });
      const { id: old } = await seedJob(world.sql, {
        status: "FAILED",
        createdAt: ago(3_600_000),
        error: { code: "WORKER_LOST", message: "the worker was lost", fingerprint: "f1" },
        workerId: "w-1",
      });
      const { id: fresh } = await seedJob(world.sql, {
        status: "FAILED",
        type: "fail",
        createdAt: ago(60_000),
        payload: { user: 1 },
        error: { code: "HANDLER_ERROR", message: "it broke", fingerprint: "f2" },
        workerId: "w-2",
      });
      const { id: waiting } = await seedJob(world.sql, {
        status: "VALIDATED",
        type: "sleep",
        createdAt: ago(50_000),
      });
      const { id: done } = await seedJob(world.sql, { createdAt: ago(40_000), workerId: "w-2" });

      expect(await ids("status=FAILED&status=VALIDATED")).toEqual([waiting, fresh, old]);
      expect(await ids("status=failed,waiting&type=fail,sleep")).toEqual([waiting, fresh]);
      expect(await ids("errorCode=WORKER_LOST")).toEqual([old]);
      expect(await ids("errorCode=WORKER_LOST,HANDLER_ERROR")).toEqual([fresh, old]);
      expect(await ids("fingerprint=f2")).toEqual([fresh]);
      expect(await ids("workerId=w-2")).toEqual([done, fresh]);
      expect(await ids("finishedAfter=5m")).toEqual([done, fresh]);
      expect(await ids("finishedBefore=30m&finishedAfter=90m")).toEqual([old]);
      expect(await ids("failedAfter=5m")).toEqual([fresh]);
      expect(await ids("failedBefore=5m")).toEqual([old]);
      expect(await ids("filter=status:failed+failedAfter:5m+payload.user:1+broke")).toEqual([fresh]);
      expect(await ids("filter=worker:w-2&status=completed")).toEqual([done]);
    });

    test("a meaningless filter is refused with what was probably meant", async () => {
      await seedJob(world.sql, { type: "retired", createdAt: ago(1_000) });
      expect(await ids("type=retired")).toHaveLength(1);
      const refused = async (query: string) => (await get<Problem>(`/jobs?${query}`)).body;
      expect(await refused("type=hsah")).toMatchObject({
        code: "INVALID_QUERY",
        detail: 'type is "hsah", and there is no such job type; did you mean hash?',
        errors: [{ path: "/type" }],
        facts: { nearest: ["hash"] },
      });
      expect((await refused("type=retirde")).facts).toMatchObject({ nearest: ["retired"] });
      expect((await refused("status=fialed")).facts).toMatchObject({ nearest: ["failed"] });
      expect((await refused("statuss=FAILED")).facts).toMatchObject({ nearest: ["status"] });
      expect((await refused("createdAfter=2026-11-27T09:00:00+01:00")).detail).toContain(
        '"2026-11-27T09:00:00 01:00", expected an RFC 3339 time with an offset',
      );
      expect((await refused("createdAfter=2026-11-27T09:00:00+01:00")).detail).toEndWith(
        "in a URL write the + of an offset as %2B",
      );
    });

    test("text finds words of payload and error, beginnings of words and of ids, and job types", async () => {
      const { id: hash } = await seedJob(world.sql, {
        createdAt: ago(3_000),
        payload: { text: "quick Brown fox" },
      });
      const { id: failed } = await seedJob(world.sql, {
        type: "http-check",
        status: "FAILED",
        createdAt: ago(2_000),
        payload: { url: "http://127.0.0.1/quick" },
        error: { code: "HANDLER_ERROR", message: "connection refused" },
      });
      expect(await ids("text=brown")).toEqual([hash]);
      expect(await ids("text=quick%20bro")).toEqual([hash]);
      expect(await ids("text=refus")).toEqual([failed]);
      expect(await ids("text=http-ch")).toEqual([failed]);
      expect(await ids(`text=${hash.slice(0, 32).toUpperCase()}`)).toEqual([hash]);
      expect(await ids(`text=${failed}`)).toEqual([failed]);
      expect(await ids("text=brown&status=FAILED")).toEqual([]);
      expect(await ids("text=absent")).toEqual([]);
      for (const odd of ["%26%7C!%3A*", "'", "%20", "%5C", "%25", "a%27%20%26%20b"])
        expect((await get(`/jobs?text=${odd}`)).status).toBe(200);
    });

    test("an unreadable query is refused by name", async () => {
      const code = async (path: string) => {
        const { status, body } = await get<Problem>(path);
        return [status, body.code];
      };
      expect(await code("/jobs?cursor=nonsense")).toEqual([400, "INVALID_CURSOR"]);
      expect(await code("/dead-letters?cursor=nonsense")).toEqual([400, "INVALID_CURSOR"]);
      expect(await code("/events?cursor=nonsense")).toEqual([400, "INVALID_CURSOR"]);
      for (const query of [
        "limit=0",
        "limit=501",
        "limit=x",
        "status=DONE",
        "statuss=FAILED",
        "createdAfter=now",
      ])
        expect(await code(`/jobs?${query}`)).toEqual([400, "INVALID_QUERY"]);
      // Only the store knows that these are impossible.
      expect(await code("/jobs?text=a%00b")).toEqual([400, "INVALID_QUERY"]);
      expect(await code("/jobs?payload.a=%00")).toEqual([400, "INVALID_QUERY"]);
      expect(await code("/jobs?createdAfter=0000-01-01T00:00:00Z")).toEqual([400, "INVALID_QUERY"]);
      expect(await code("/jobs/123")).toEqual([400, "INVALID_ID"]);
      expect(await code(`/jobs/${newJobId()}`)).toEqual([404, "JOB_NOT_FOUND"]);
      expect(await code(`/jobs/${newJobId()}/timeline`)).toEqual([404, "JOB_NOT_FOUND"]);
      expect(await code("/jobz")).toEqual([404, "ROUTE_NOT_FOUND"]);
    });

    test("one job comes with its history, children and events, and with a timeline", async () => {
      const { id, events } = await seedJob(world.sql, { type: "fan-out" });
      await seedJob(world.sql, { parentId: id });
      await seedJob(world.sql, { parentId: id, status: "FAILED" });
      await world.observations.record(events);

      const { body } = await get<JobDetail>(`/jobs/${id}`);
      expect(body).toMatchObject({
        id,
        status: "COMPLETED",
        result: { ok: true },
        children: { total: 2, byStatus: { COMPLETED: 1, FAILED: 1 } },
        unavailable: [],
      });
      expect(body.transitions.map(({ from, to }) => [from, to])).toEqual([
        [null, "PENDING"],
        ["EXECUTING", "COMPLETED"],
      ]);
      expect(body.attempts.map(({ outcome, logs }) => [outcome, logs.length])).toEqual([["succeeded", 1]]);
      expect(body.events.map(({ eventType }) => eventType)).toEqual(["job.created", "job.completed"]);
      expect("error" in body).toBe(false);

      const { body: timeline } = await get<{ entries: { kind: string; offsetMs: number }[] }>(
        `/jobs/${id}/timeline`,
      );
      expect(new Set(timeline.entries.map(({ kind }) => kind))).toEqual(
        new Set(["hop", "transition", "attempt", "log", "event"]),
      );
      const offsets = timeline.entries.map(({ offsetMs }) => offsetMs);
      expect(offsets).toEqual(offsets.slice().sort((a, b) => a - b));
    });
  });

  test("a wrong method is refused with the right ones, and HEAD is answered without a body", async () => {
    const wrong = await fetch(`${model.url}/jobs/recent`, { method: "POST" });
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get("allow")).toBe("GET, HEAD");
    expect(((await wrong.json()) as Problem).code).toBe("METHOD_NOT_ALLOWED");
    const head = await fetch(`${model.url}/jobs`, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
    expect((await fetch(`${model.url}/stream`, { method: "HEAD" })).status).toBe(405);
    expect((await fetch(`${model.url}/webhook/alerts`)).status).toBe(405);
  });

  test("dead letters are found by reason, type, time and words", async () => {
    const letter = (body: unknown, seed: object, seconds: number) =>
      seedDeadLetter(world.sql, {
        body: Buffer.from(JSON.stringify(body)),
        diedAt: ago(seconds * 1_000),
        ...seed,
      });
    const job = { kind: "job", reason: "OUT_OF_TRIES", detail: "connection refused" } as const;
    const dead = await letter({ type: "hash", payload: { text: "quick brown fox" } }, job, 7_200);
    const alone = await letter({ payload: { jobType: "sleep", payload: { note: "crimson" } } }, {}, 60);
    const many = await letter([{ payload: { jobType: "hash" } }], { reason: "CONTRACT_VIOLATION" }, 30);
    await seedDeadLetter(world.sql, {
      body: Uint8Array.of(0xff, 0),
      reason: "MALFORMED",
      diedAt: ago(10_000),
    });
    await letter("[".repeat(100_000), {}, 9);

    const found = async (query: string) => {
      const { status, body } = await get<DeadLetterPage>(`/dead-letters?${query}`);
      expect([query, status]).toEqual([query, 200]);
      return body.items.map(({ id }) => id);
    };
    expect(await found("reason=OUT_OF_TRIES,contract_violation")).toEqual([many, dead]);
    expect(await found("type=hash")).toEqual([many, dead]);
    expect(await found("type=hash&diedAfter=1h")).toEqual([many]);
    expect(await found("diedBefore=1h")).toEqual([dead]);
    expect(await found("text=crims")).toEqual([alone]);
    expect(await found("text=brown+fo")).toEqual([dead]);
    expect(await found("filter=reason:out_of_tries+connection+refused")).toEqual([dead]);
    expect(await found("text=absent")).toEqual([]);
    expect(await found("filter=%22%26%7C!%3A*%22")).toEqual([]);
    expect((await get<Problem>("/dead-letters?reason=OUT_OF_TRYS")).body).toMatchObject({
      code: "INVALID_QUERY",
      facts: { nearest: ["OUT_OF_TRIES"] },
    });
  });

  test("dead letters are listed newest first and shown with their exact bytes", async () => {
    const whole = await seedDeadLetter(world.sql, { diedAt: ago(3_000) });
    const long = await seedDeadLetter(world.sql, { diedAt: ago(2_000), body: Buffer.alloc(9_001, "aé") });
    const broken = await seedDeadLetter(world.sql, { diedAt: ago(1_000), body: Uint8Array.of(0x61, 0xff) });

    const { body: first } = await get<DeadLetterPage>("/dead-letters?limit=2");
    expect(first.items.map(({ id }) => id)).toEqual([broken, long]);
    expect(first.items[0]).toMatchObject({ body: "a\ufffd", bodyBase64: "Yf8=" });
    expect(first.items[1]?.body.length).toBeLessThan(4_097);
    const { body: rest } = await get<DeadLetterPage>(`/dead-letters?limit=2&cursor=${first.nextCursor}`);
    expect(rest).toMatchObject({ items: [{ id: whole, body: '{"a":"é"}', replays: 0 }], nextCursor: null });

    const { body } = await get<{ body: string }>(`/dead-letters/${long}`);
    expect(Buffer.from(body.body)).toEqual(Buffer.alloc(9_001, "aé").subarray(0, 9_001));
    expect((await get<Problem>(`/dead-letters/${newJobId()}`)).body.code).toBe("DEAD_LETTER_NOT_FOUND");
  });

  test("one computation serves all concurrent readers of the queues, and ends when they have left", async () => {
    const statements = async () =>
      (
        await world.sql`
          select 1 from pg_stat_activity
          where application_name = 'read-model' and state = 'active' and query like '%job_counts%'`
      ).length;
    const leaving = new AbortController();
    const lock = await world.sql.reserve();
    await lock`begin`;
    await lock`lock table job_counts_folded in access exclusive mode`;
    try {
      const calls = Array.from({ length: 20 }, () =>
        fetch(`${model.url}/queues`, { signal: leaving.signal }).catch(() => "left"),
      );
      // The queues, and what they are made from.
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

  test("queues and workers show the store's current state; a silent worker is lost", async () => {
    await seedWorker(world.sql, "w-alive");
    await seedWorker(world.sql, "w-silent", 20_000);
    await seedWorker(world.sql, "w-stopped", 20_000, "stopped");
    const { id: running } = await seedJob(world.sql, {
      status: "EXECUTING",
      type: "sleep",
      workerId: "w-alive",
    });
    await seedJob(world.sql, { status: "VALIDATED", type: "sleep", createdAt: ago(5_000) });
    await seedJob(world.sql, { status: "RETRYING", type: "flaky", runAt: new Date(Date.now() + 60_000) });
    await seedJob(world.sql, { status: "COMPLETED", type: "hash" });
    await world.sql`insert into paused_types (type) values ('fail')`;
    await world.sql`insert into outbox (body) values ('[]')`;
    await seedDeadLetter(world.sql);
    await world.observations.recordSnapshot(drainedSnapshot(new Date(), { "events.observed": 3 }));

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

  test("the job store cannot be written from here", async () => {
    const store = createJobDatabase({ url: world.storeUrl });
    await expect(store.read((sql) => sql`delete from jobs`)).rejects.toMatchObject({ code: "25006" });
    await store.close();
  });

  describe("an unavailable store", () => {
    test("makes what needs PostgreSQL answer 503, the rest works, and everything recovers when it is back", async () => {
      const { id, events } = await seedJob(world.sql);
      await world.observations.record(events);
      world.networks.postgres.cut();
      for (const path of [
        "/jobs",
        "/jobs/recent",
        `/jobs/${id}`,
        "/queues",
        "/workers",
        "/stats",
        "/dead-letters",
        "/ledger",
      ]) {
        const { status, body } = await get<Problem>(path);
        expect([path, status, body.code, body.facts?.engine]).toEqual([
          path,
          503,
          "STORE_UNAVAILABLE",
          "postgres",
        ]);
      }
      expect((await get(`/events?jobId=${id}`)).status).toBe(200);
      expect((await get("/series?metric=completed")).status).toBe(200);
      expect((await get("/alerts")).status).toBe(200);
      const { status, body } = await get<Overview>("/overview");
      expect([status, body.unavailable, body.stats.total]).toEqual([200, ["postgres"], 0]);
      expect(body.stats.counters.completed).toBeGreaterThan(0);
      const ready = await get<{ failing: string[] }>("/readyz");
      expect([ready.status, ready.body.failing]).toEqual([503, ["postgres"]]);

      world.networks.postgres.restore();
      await eventually(async () => (await get(`/jobs/${id}`)).status === 200, { what: "the jobs" });
      expect((await get("/readyz")).status).toBe(200);
    });

    test("that is silent instead of closed is detected, and its dead connections are replaced", async () => {
      const { id } = await seedJob(world.sql);
      expect((await get(`/jobs/${id}`)).status).toBe(200);
      world.networks.postgres.freeze();
      const [jobs, overview] = await Promise.all([get<Problem>(`/jobs/${id}`), get<Overview>("/overview")]);
      expect([jobs.status, jobs.body.facts?.engine]).toEqual([503, "postgres"]);
      expect([overview.status, overview.body.unavailable]).toEqual([200, ["postgres"]]);
      world.networks.postgres.restore();
      await eventually(async () => (await get(`/jobs/${id}`)).status === 200, { what: "the job" });
    });

    test("leaves jobs without events when it is the event store", async () => {
      const { id, events } = await seedJob(world.sql);
      await world.observations.record(events);
      expect((await get<JobDetail>(`/jobs/${id}`)).body.events).toHaveLength(2);
      world.networks.mongo.cut();
      const { status, body } = await get<JobDetail>(`/jobs/${id}`);
      expect([status, body.unavailable, body.events.length, body.transitions.length]).toEqual([
        200,
        ["events"],
        0,
        2,
      ]);
      expect((await get<{ unavailable: string[] }>(`/jobs/${id}/timeline`)).body.unavailable).toEqual([
        "events",
      ]);
      const events503 = await get<Problem>("/events");
      expect([events503.status, events503.body.facts?.engine]).toEqual([503, "mongodb"]);
      expect((await get("/jobs")).status).toBe(200);
      world.networks.mongo.restore();
      await eventually(async () => (await get<JobDetail>(`/jobs/${id}`)).body.unavailable.length === 0, {
        what: "the events",
      });
    });

    test("affects only series and the stream when it is the cache", async () => {
      world.networks.redis.cut();
      for (const path of ["/series?metric=completed", "/stats", "/stream"]) {
        const { status, body } = await get<Problem>(path);
        expect([path, status, body.facts?.engine]).toEqual([path, 503, "redis"]);
      }
      for (const path of ["/jobs", "/events", "/queues", "/workers", "/overview"])
        expect([path, (await get(path)).status]).toEqual([path, 200]);
      expect((await get<Overview>("/overview")).body).toMatchObject({
        unavailable: ["redis"],
        observationLagMs: null,
      });
      world.networks.redis.restore();
      await eventually(async () => (await get("/series?metric=completed")).status === 200, {
        what: "the series",
      });
    });
  });

  describe("ledger", () => {
    const ledgerNow = async () => (await get<Ledger>("/ledger?settleMs=0")).body;
    /** Judges the present state: in between, the read-model may have sealed what a test had half written. */
    const ledger = async () => {
      await world.sql`truncate ledger_seals, ledger_accusations`;
      let report = await ledgerNow();
      // Where the event store has forgotten the beginning, only sealing passes over it.
      await eventually(
        async () => {
          report = await ledgerNow();
          return !report.waitingFor?.some(({ what }) => what === "ledger");
        },
        { what: "the ledger to reach the present" },
      );
      return report;
    };

    /** Ten completed jobs, one failed, one in flight, one dead letter: everything is where it belongs. */
    async function balance() {
      const jobs = [];
      for (let n = 0; n < 10; n++) jobs.push(await seedJob(world.sql, { createdAt: ago(120_000 - n) }));
      jobs.push(await seedJob(world.sql, { status: "FAILED", createdAt: ago(100_000) }));
      jobs.push(await seedJob(world.sql, { status: "VALIDATED", createdAt: ago(90_000) }));
      const conflict = await seedJob(world.sql, { status: "VALIDATED", createdAt: ago(80_000) });
      const created = conflict.events[0];
      await world.sql`delete from jobs where id = ${conflict.id}`;
      await world.sql`delete from job_transitions where job_id = ${conflict.id}`;
      await seedDeadLetter(world.sql, { eventId: created?.eventId, jobId: conflict.id, diedAt: ago(79_000) });
      await world.observations.record([...jobs.flatMap(({ events }) => events), ...conflict.events]);
      await world.observations.recordSnapshot(drainedSnapshot());
      return jobs;
    }

    beforeEach(async () => {
      await world.forgetEvents();
    });

    test("balances when both sides have every accepted job", async () => {
      await balance();
      expect(await ledger()).toMatchObject({
        accepted: 13,
        completed: 10,
        failed: 1,
        inFlight: 1,
        deadLettered: 1,
        lost: { count: 0 },
        unobserved: { count: 0 },
        duplicated: { count: 0 },
        deadLetters: 1,
        balanced: true,
        settled: false,
      });
    });

    test("is not settled while a killed worker's job is orphaned, and says what it is waiting for", async () => {
      await seedWorker(world.sql, "w-killed", 8_000);
      const { events } = await seedJob(world.sql, {
        status: "EXECUTING",
        workerId: "w-killed",
        createdAt: ago(4_000),
      });
      await world.observations.record(events);
      await world.observations.recordSnapshot(drainedSnapshot());
      const report = await ledger();
      expect(report).toMatchObject({ accepted: 0, inFlight: 0, balanced: true, settled: false, settleMs: 0 });
      expect(report.behindMs).toBeGreaterThanOrEqual(8_000);
      expect(report.waitingFor?.map(({ what, name }) => [what, name])).toEqual([
        ["worker", "w-killed"],
        ["jobs", undefined],
      ]);
      expect(report.waitingFor?.[0]?.message).toMatch(
        /^Worker w-killed, last heard of \d+\.\d s ago, which holds 1 job$/,
      );
    });

    test("accepts a few settle times and names them", async () => {
      expect((await get<Ledger>("/ledger?settleMs=30000")).body.settleMs).toBe(30_000);
      const { status, body } = await get<Problem>("/ledger?settleMs=7000");
      expect([status, body.code]).toEqual([400, "INVALID_QUERY"]);
      expect(body.detail).toEndWith("Expected one of 0, 1000, 5000, 30000, 60000");
    });

    test("names the job whose row is gone as lost", async () => {
      const [job] = await balance();
      await world.sql`delete from jobs where id = ${job!.id}`;
      expect(await ledger()).toMatchObject({
        accepted: 13,
        lost: { count: 1, ids: [job!.id] },
        unobserved: { count: 0 },
        duplicated: { count: 0 },
        balanced: false,
      });
      await world.sql`delete from job_transitions where job_id = ${job!.id}`;
      expect(await ledger()).toMatchObject({ lost: { count: 1, ids: [job!.id] }, duplicated: { count: 0 } });
    });

    test("names the jobs of which an event was never stored as unobserved", async () => {
      await balance();
      const unseen = await seedJob(world.sql, { createdAt: ago(70_000) });
      const half = await seedJob(world.sql, { createdAt: ago(70_000) });
      await world.observations.record(half.events.slice(0, 1));
      const report = await ledger();
      expect(report).toMatchObject({
        accepted: 14,
        lost: { count: 0 },
        duplicated: { count: 0 },
        balanced: false,
      });
      expect(report.unobserved.count).toBe(2);
      expect(report.unobserved.ids.sort()).toEqual([unseen.id, half.id].sort());
    });

    test("names the job with two outcomes, in either store, as duplicated", async () => {
      const [inStore, inEvents] = await balance();
      await world.sql`insert into job_transitions (job_id, sequence, run, from_status, to_status, attempt, event_id, at)
        values (${inStore!.id}, 4, 1, 'EXECUTING', 'FAILED', 2, ${eventIdAt(inStore!.id, 4)}, ${ago(60_000)})`;
      await world.observations.record([
        terminalEvent({
          id: inStore!.id,
          status: "FAILED",
          eventId: eventIdAt(inStore!.id, 4),
          at: ago(60_000),
        }),
        terminalEvent({ id: inEvents!.id, eventId: eventIdAt(inEvents!.id, 9), at: ago(60_000) }),
      ]);
      const report = await ledger();
      expect(report).toMatchObject({ lost: { count: 0 }, unobserved: { count: 0 }, balanced: false });
      expect(report.duplicated.ids.sort()).toEqual([inStore!.id, inEvents!.id].sort());
    });

    test("accepts a second outcome of another run, and on one side's word a job older than the event store's memory", async () => {
      const [job] = await balance();
      const again = { id: job!.id, eventId: eventIdAt(job!.id, 6), at: ago(60_000) };
      await world.sql`insert into job_transitions (job_id, sequence, run, from_status, to_status, attempt, event_id, at)
        values (${again.id}, 6, 2, 'EXECUTING', 'COMPLETED', 2, ${again.eventId}, ${again.at})`;
      await world.observations.record([terminalEvent(again)]);
      await seedJob(world.sql, { createdAt: ago(200 * 3_600_000) });
      const report = await ledger();
      expect(report).toMatchObject({ accepted: 14, balanced: true });
      expect(Date.parse(report.from ?? "")).toBeGreaterThan(ago(168 * 3_600_000).getTime());
    });

    test("judges nothing that may still be in transit", async () => {
      await balance();
      await seedJob(world.sql, { createdAt: ago(5_000) });
      // The newest stored event bounds what is judged, and is not itself below that bound.
      const held = await ledger();
      expect(held).toMatchObject({ accepted: 12, balanced: true });
      expect(Date.parse(held.watermark)).toBeLessThan(ago(20_000).getTime());
      await world.observations.recordSnapshot(drainedSnapshot(new Date(), { "jobs.created": 1 }));
      const accepted = { id: newJobId(), at: ago(40_000) };
      await world.observations.record([
        (await seedJob(world.sql, { id: accepted.id, createdAt: accepted.at })).events[0]!,
      ]);
      await world.sql`delete from jobs where id = ${accepted.id}`;
      expect(await ledger()).toMatchObject({ balanced: true });
    });

    test("counts thousands of accused jobs, and names a hundred", async () => {
      await balance();
      const events = Array.from({ length: 2_500 }, (_, n) => {
        const id = newJobId();
        return terminalEvent({ id, eventId: createdEventId(id, String(n)), at: ago(60_000) });
      });
      await world.observations.record(events);
      const { lost, balanced } = await ledger();
      expect([lost.count, lost.ids.length, balanced]).toEqual([2_500, 100, false]);
    });

    test("concurrent requests share one computation", async () => {
      await balance();
      const holder = await world.sql.reserve();
      await holder`begin`;
      await holder`lock table ledger_seals in access exclusive mode`;
      const asked = Array.from({ length: 6 }, ledgerNow);
      // The computation waits for the table, and the server answers in order of arrival: all six have arrived by then.
      for (let n = 0; n < 3; n++) expect((await get("/healthz")).status).toBe(200);
      await holder`rollback`;
      holder.release();
      const replies = await Promise.all(asked);
      expect(new Set(replies.map(({ watermark }) => watermark)).size).toBe(1);
    });
  });
});
