import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import type { JobPage } from "../../contracts/api-queries.ts";
import { DEAD_LETTER_FILTER_KEYS, JOB_FILTER_KEYS } from "../../contracts/filter-keys.ts";
import type { JobFilter } from "../../contracts/filter-schema.ts";
import { newJobId } from "../../contracts/ids.ts";
import type { Problem } from "../../contracts/problem.ts";
import { writeFilter } from "../../contracts/write-filter.ts";
import type { Position } from "../../services/read-model/cursor.ts";
import { pageSql } from "../../services/read-model/job-page-sql.ts";
import { createJobQueries } from "../../services/read-model/job-queries.ts";
import { textMatches } from "../../shared/job-text.ts";
import { createRandom } from "../support/random.ts";
import { describeOn } from "../support/suite.ts";
import { type SeedJob, seedJob } from "./seed.ts";
import { createWorld, type ReadModel, type World } from "./world.ts";

setDefaultTimeout(120_000);

type Seeded = Required<Pick<SeedJob, "status" | "type" | "createdAt" | "payload">> & SeedJob & { id: string };

const STATUSES = ["COMPLETED", "FAILED", "CANCELLED", "VALIDATED", "EXECUTING"] as const;
const TYPES = ["hash", "sleep", "flaky"] as const;
const CODES = ["HANDLER_ERROR", "WORKER_LOST"] as const;
const WORKERS = ["w-1", "w-2"] as const;
const PARENTS = [newJobId(), newJobId()] as const;
const USERS = [1, "1", 2, true, null, "o'brien"] as const;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let world: World;
let model: ReadModel;
let jobs: Seeded[];
const now = Date.now();

/** Reimplements filters in JavaScript. Seeded jobs end 10 ms after their creation. */
function matches(job: Seeded, filter: JobFilter): boolean {
  const one = <T>(given: T | T[] | undefined, value: unknown) =>
    given === undefined || ([given].flat() as unknown[]).includes(value);
  const ended = ["COMPLETED", "FAILED", "CANCELLED"].includes(job.status);
  const endedAt = ended ? job.createdAt.getTime() + 10 : Number.NaN;
  const failedAt = job.status === "FAILED" ? endedAt : Number.NaN;
  const after = (time: string | undefined, at: number) => time === undefined || at > Date.parse(time);
  const before = (time: string | undefined, at: number) => time === undefined || at < Date.parse(time);
  return (
    one(filter.status, job.status) &&
    one(filter.type, job.type) &&
    one(filter.errorCode, job.error?.code) &&
    one(filter.fingerprint, job.error?.fingerprint) &&
    one(filter.workerId, job.workerId) &&
    one(filter.parentId, job.parentId) &&
    after(filter.createdAfter, job.createdAt.getTime()) &&
    before(filter.createdBefore, job.createdAt.getTime()) &&
    after(filter.finishedAfter, endedAt) &&
    before(filter.finishedBefore, endedAt) &&
    after(filter.failedAfter, failedAt) &&
    before(filter.failedBefore, failedAt) &&
    (filter.payload === undefined || one(filter.payload.user, job.payload.user))
  );
}

async function listed(query: URLSearchParams): Promise<string[]> {
  const response = await fetch(`${model.url}/jobs?limit=500&${query}`);
  const body = await response.text();
  if (response.status !== 200) throw new Error(`${query}: ${response.status} ${body}`);
  return (JSON.parse(body) as JobPage).items.map(({ id }) => id);
}

describeOn(["postgres", "redis", "mongo"], "filters", () => {
  beforeAll(async () => {
    world = await createWorld();
    model = await world.start();
    const random = createRandom(7);
    jobs = [];
    for (let n = 0; n < 120; n++) {
      const status = random.pick(STATUSES);
      const job = {
        status,
        type: random.pick(TYPES),
        createdAt: new Date(now - n * MINUTE),
        payload: n % 3 === 0 ? {} : { user: random.pick(USERS) },
        ...(n % 4 === 0 && { parentId: random.pick(PARENTS) }),
        ...(status !== "VALIDATED" && { workerId: random.pick(WORKERS) }),
        ...(status === "FAILED" && {
          error: { code: random.pick(CODES), message: "it broke", fingerprint: random.pick(["f1", "f2"]) },
        }),
      };
      jobs.push({ ...job, id: (await seedJob(world.sql, job)).id });
    }
  }, 600_000);
  afterAll(async () => {
    await world?.stop();
  }, 60_000);

  test("match the expected jobs in 300 random cases, as query parameters and as one line", async () => {
    const random = createRandom(42);
    const maybe = <T>(make: () => T): T | undefined => (random.between(1, 4) === 1 ? make() : undefined);
    const some = <T>(items: readonly T[]) => (random.between(0, 1) ? random.pick(items) : items.slice(0, 2));
    const time = () => new Date(now - random.between(0, 120) * MINUTE - 30_000).toISOString();
    let found = 0;
    for (let round = 0; round < 300; round++) {
      const wished = {
        status: maybe(() => some(STATUSES)),
        type: maybe(() => some(TYPES)),
        errorCode: maybe(() => some(CODES)),
        fingerprint: maybe(() => "f1"),
        workerId: maybe(() => random.pick(WORKERS)),
        parentId: maybe(() => random.pick(PARENTS)),
        createdAfter: maybe(time),
        createdBefore: maybe(time),
        finishedAfter: maybe(time),
        finishedBefore: maybe(time),
        failedAfter: maybe(time),
        failedBefore: maybe(time),
      };
      const user = maybe(() => random.pick(["1", "true", "null", '"1"', "o'brien"]));
      const filter = JSON.parse(JSON.stringify(wished)) as JobFilter;
      const read: Record<string, (string | number | boolean | null)[]> = {
        "1": [1, "1"],
        true: [true, "true"],
        null: [null, "null"],
        '"1"': ["1"],
        "o'brien": ["o'brien"],
      };
      if (user !== undefined) filter.payload = { user: read[user] ?? [] };
      const wanted = jobs.filter((job) => matches(job, filter)).map(({ id }) => id);

      const query = new URLSearchParams();
      for (const [key, values] of Object.entries(filter))
        if (key !== "payload") for (const value of [values].flat()) query.append(key, String(value));
      if (user !== undefined) query.append("payload.user", user);
      const line = writeFilter("jobs", filter);
      expect([line, await listed(query)]).toEqual([line, wanted]);
      if (line !== "")
        expect([line, await listed(new URLSearchParams({ filter: line }))]).toEqual([line, wanted]);
      found += wanted.length > 0 ? 1 : 0;
    }
    expect(found).toBeGreaterThan(100);
  });

  test("return a page or a problem for each of 2,000 hostile queries, and change nothing", async () => {
    const random = createRandom(43);
    const others = "payload.user payload.__proto__ __proto__ limit cursor filter nope".split(" ");
    const keys = [...Object.keys(JOB_FILTER_KEYS), ...Object.keys(DEAD_LETTER_FILTER_KEYS), ...others];
    const special = ["'; drop table jobs; --", "' or '1'='1", "\u0000", "\ud800", "😀", " ", "x".repeat(300)];
    const marks = "' \" \\ -- ; $1 : , { ] & | ! :* ( <-> % _ /*".split(" ");
    const values =
      "a hash failed null 1e999 -0 12345678901234567890 5m 999999w 2026-11-27T00:00:00Z 0000-00-00 0199".split(
        " ",
      );
    const bits = [...special, ...marks, ...values];
    const noise = () => Array.from({ length: random.between(1, 5) }, () => random.pick(bits)).join("");
    const query = () => {
      if (random.between(0, 1)) return { filter: `${random.pick(keys)}:${noise()} ${noise()}` };
      return { [random.pick(keys)]: noise(), [random.pick(keys)]: random.pick(bits) };
    };
    const odd: string[] = [];
    const call = async () => {
      const path = `${random.pick(["/jobs", "/dead-letters"])}?${new URLSearchParams(query())}`;
      const response = await fetch(`${model.url}${path}`);
      const { code } = (await response.json()) as { code?: string };
      const refused = response.status === 400 && (code === "INVALID_QUERY" || code === "INVALID_CURSOR");
      if (response.status !== 200 && !refused) odd.push(`${response.status} ${code} ${path}`);
    };
    for (let n = 0; n < 100; n++) await Promise.all(Array.from({ length: 20 }, call));
    expect(odd).toEqual([]);
    expect((await world.sql`select count(*)::int as count from jobs`)[0]?.count).toBe(jobs.length);
  });

  test("return the documented 503 if no processor of this version has migrated the store", async () => {
    await world.sql`alter table dead_letters rename column words to later`;
    const reply = await fetch(`${model.url}/dead-letters?text=broke`);
    await world.sql`alter table dead_letters rename column later to words`;
    const problem = (await reply.json()) as Problem;
    expect([reply.status, problem.code]).toEqual([503, "STORE_UNAVAILABLE"]);
    expect(problem.detail).toEndWith("a current processor migrates them");
  });

  test("never scan the history, because an index finds a rare value among 20,000 jobs", async () => {
    await world.sql`
      insert into jobs (id, type, status, priority, payload, fingerprint, correlation_id, created_event_id, parent_id,
        sequence, max_attempts, base_ms, cap_ms, deadline_ms, run_at, created_at, received_at, updated_at,
        finished_at, worker_id, error)
      select gen_random_uuid(), case when i = 77 then 'retired' else 'hash' end,
        case when i % 400 = 0 then 'FAILED' when i = 77 then 'CANCELLED' else 'COMPLETED' end, 5,
        jsonb_build_object('user', i), 'f', gen_random_uuid(), gen_random_uuid(),
        case when i = 77 then ${PARENTS[0]}::uuid end, 4, 3, 100, 1000, 60000, at, at, at, at, at,
        case when i = 77 then 'w-rare' else 'w-1' end,
        case when i % 400 = 0 then jsonb_build_object(
          'code', case when i = 400 then 'RARE' else 'HANDLER_ERROR' end, 'message', 'it broke',
          'fingerprint', case when i = 400 then 'rare' else 'usual' end) end
      from (
        select i, now() - interval '30 days' + i * interval '1 minute' as at from generate_series(1, 20000) i
      ) as made`;
    await world.sql`analyze jobs`;
    const ancient = new Date(now - 29.99 * DAY).toISOString();
    const recent = new Date(now - MINUTE).toISOString();
    const filters: JobFilter[] = [
      { status: "CANCELLED" },
      { status: ["PENDING", "RETRYING"] },
      { type: "retired" },
      { type: ["retired", "absent"] },
      { errorCode: "RARE" },
      { fingerprint: "rare" },
      { workerId: "w-rare" },
      { parentId: PARENTS[0] },
      { payload: { user: 4_711 } },
      { createdBefore: ancient },
      { finishedBefore: ancient },
      { failedBefore: ancient },
      { createdAfter: recent },
      { finishedAfter: recent },
      { failedAfter: recent },
    ];
    const read: [JobFilter, number][] = [];
    for (const filter of filters) read.push([filter, await rowsReadBy(filter)]);
    expect(read.filter(([, rows]) => rows > 1_000)).toEqual([]);
  });

  test("find the newest jobs of a status or type without reading 40,000 newer jobs of other statuses and types", async () => {
    await world.sql`
      insert into jobs (id, type, status, priority, payload, fingerprint, correlation_id, created_event_id,
        sequence, run_at, created_at, received_at, updated_at)
      select gen_random_uuid(), case when i % 2 = 0 then 'flaky' else 'sleep' end,
        case when i % 2 = 0 then 'CANCELLED' else 'VALIDATED' end, 5, '{}', 'f', gen_random_uuid(), gen_random_uuid(),
        1, at, at, at, at
      from (select i, now() + i * interval '1 second' as at from generate_series(1, 40000) i) as made`;
    // All jobs of type `retired` are old, and they are too many for PostgreSQL to read them all and sort them.
    await world.sql`
      update jobs set type = 'retired', status = 'CANCELLED' where created_at < now() - interval '29 days'`;
    await world.sql`analyze jobs`;
    const filters: JobFilter[] = [
      { status: "COMPLETED" },
      { status: ["COMPLETED", "FAILED"] },
      { status: "COMPLETED", createdAfter: new Date(now - 10 * DAY).toISOString() },
      { status: "COMPLETED", type: "hash" },
      { status: "FAILED", type: ["hash", "flaky"] },
      { status: "CANCELLED", type: "retired" },
      { status: ["CANCELLED", "VALIDATED"], type: ["retired", "hash"] },
      { status: "COMPLETED", workerId: "w-1" },
      { type: "hash" },
      { type: "retired" },
      { type: ["hash", "retired"] },
      { errorCode: "HANDLER_ERROR" },
      { fingerprint: "usual", status: "FAILED" },
      { workerId: "w-1" },
      { workerId: "w-1", type: "hash" },
      { status: "FAILED", failedAfter: new Date(now - 20 * DAY).toISOString() },
      { failedAfter: new Date(now - 20 * DAY).toISOString() },
    ];
    const read: [JobFilter, string, number][] = [];
    for (const filter of filters) {
      read.push([filter, "first page", await rowsReadBy(filter)]);
      // A page deep in the list must read as few rows as the first.
      const after = { micros: String((now - 5 * DAY) * 1_000), id: newJobId() };
      read.push([filter, "later page", await rowsReadBy(filter, after)]);
    }
    expect(read.filter(([, , rows]) => rows > 1_000)).toEqual([]);
  });

  test("find that no error contains a word without reading any error", async () => {
    await world.sql`
      insert into jobs (id, type, status, priority, payload, fingerprint, correlation_id, created_event_id,
        sequence, run_at, created_at, received_at, updated_at, error)
      select gen_random_uuid(), 'fail', 'FAILED', 5, '{}', 'f', gen_random_uuid(), gen_random_uuid(),
        4, at, at, at, at, jsonb_build_object('code', 'HANDLER_ERROR', 'message', 'it broke', 'fingerprint', 'usual')
      from (select now() - i * interval '1 second' as at from generate_series(1, 500) i) as made`;
    await world.sql`vacuum analyze jobs`;
    const read: number[] = [];
    for (const { condition } of textMatches(world.sql as never, "absent", [])) {
      const [row] = await world.sql<{ "QUERY PLAN": [{ Plan: PlanNode }] }[]>`
        explain (analyze, format json)
        select * from (select id, created_at from jobs where ${condition as never} offset 0) as hit`;
      read.push(rowsRead(row!["QUERY PLAN"][0].Plan));
    }
    expect(read).toEqual([0, 0]);
  });

  test("find text equal to a type's name by reading only the newest jobs and jobs of that type", async () => {
    const read = await world.sql.begin(async (tx) => {
      const fetched = async () => {
        const [row] = await tx`
          select (seq_tup_read + idx_tup_fetch)::int as rows from pg_stat_xact_user_tables where relname = 'jobs'`;
        return row?.rows as number;
      };
      const before = await fetched();
      const store = { read: (query: (sql: never) => PromiseLike<unknown>) => query(tx as never) };
      const { items } = await createJobQueries(store as never).list({
        filter: { text: "retired" },
        limit: 50,
      });
      expect(items.map(({ type }) => type)).toEqual(Array<string>(50).fill("retired"));
      return (await fetched()) - before;
    });
    // A search first looks through the 2,000 newest jobs.
    expect(read).toBeGreaterThanOrEqual(2_000);
    expect(read).toBeLessThan(3_000);
  });

  async function rowsReadBy(filter: JobFilter, after?: Position): Promise<number> {
    const page = pageSql(world.sql as never, { filter, after, count: 51 });
    const [row] = await world.sql<{ "QUERY PLAN": [{ Plan: PlanNode }] }[]>`
      explain (analyze, format json) select id from ${page as never} as page`;
    return rowsRead(row!["QUERY PLAN"][0].Plan);
  }
});

interface PlanNode {
  "Node Type": string;
  "Actual Rows": number;
  "Actual Loops": number;
  "Rows Removed by Filter"?: number;
  "Rows Removed by Index Recheck"?: number;
  Plans?: PlanNode[];
}

/** Returns the number of rows that a plan's scans read. */
function rowsRead(node: PlanNode): number {
  const removed = (node["Rows Removed by Filter"] ?? 0) + (node["Rows Removed by Index Recheck"] ?? 0);
  const own = node["Node Type"].includes("Scan") ? (node["Actual Rows"] + removed) * node["Actual Loops"] : 0;
  return (node.Plans ?? []).reduce((sum, child) => sum + rowsRead(child), own);
}
