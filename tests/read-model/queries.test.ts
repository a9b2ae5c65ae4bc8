import { afterAll, beforeAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import type { Problem } from "../../contracts/problem.ts";
import { createJobDatabase } from "../../services/read-model/job-database.ts";
import { describeOn } from "../support/suite.ts";
import { describeDeadLetters } from "./queries/dead-letters.ts";
import { describeJobs } from "./queries/jobs.ts";
import { describeLedger } from "./queries/ledger.ts";
import type { QueriedModel } from "./queries/queried-model.ts";
import { describeQueuesAndWorkers } from "./queries/queues-and-workers.ts";
import { describeUnavailableStore } from "./queries/unavailable-store.ts";
import { createWorld, type ReadModel, type World } from "./world.ts";

setDefaultTimeout(120_000);

// All suites share one world (engines and services), because starting the engines takes longer than the queries.
let world: World;
let model: ReadModel;
const queried: QueriedModel = {
  world: () => world,
  url: () => model.url,
  async get(path) {
    const response = await fetch(`${model.url}${path}`);
    return { status: response.status, body: await response.json() };
  },
};

describeOn(["postgres", "redis", "mongo"], "read-model", () => {
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

  describeJobs(queried);
  describeDeadLetters(queried);
  describeQueuesAndWorkers(queried);
  describeUnavailableStore(queried);
  describeLedger(queried);

  test("a wrong method is refused with a list of the allowed methods, and HEAD returns no body", async () => {
    const wrong = await fetch(`${model.url}/jobs/recent`, { method: "POST" });
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get("allow")).toBe("GET, HEAD");
    expect(((await wrong.json()) as Problem).code).toBe("METHOD_NOT_ALLOWED");
    const head = await fetch(`${model.url}/jobs`, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
    expect((await fetch(`${model.url}/stream`, { method: "HEAD" })).status).toBe(405);
    expect((await fetch(`${model.url}/webhook/alerts`)).status).toBe(405);
  });

  test("no query starts parallel workers or is JIT-compiled, however many rows the planner expects", async () => {
    // With these settings PostgreSQL considers every plan worth parallel workers and JIT compilation, as it would a
    // text search among a million jobs whose matches it overestimates.
    const name = new URL(world.storeUrl).pathname.slice(1);
    await world.sql.unsafe(`
      alter database ${name} set jit = on;
      alter database ${name} set jit_above_cost = 0;
      alter database ${name} set parallel_setup_cost = 0;
      alter database ${name} set parallel_tuple_cost = 0;
      alter database ${name} set min_parallel_table_scan_size = 0`);
    const store = createJobDatabase({ url: world.storeUrl });
    const plan = await store.read(
      (sql) =>
        sql<Record<"QUERY PLAN", string>[]>`explain analyze select count(*) from jobs where attempt > 0`,
    );
    await store.close();
    await world.sql.unsafe(`alter database ${name} reset all`);
    const lines = plan.map((line) => line["QUERY PLAN"]).join("\n");
    expect(lines).toContain("Aggregate");
    expect(lines).not.toMatch(/Gather|JIT/);
  });

  test("the read-model cannot write to the job store", async () => {
    const store = createJobDatabase({ url: world.storeUrl });
    await expect(store.read((sql) => sql`delete from jobs`)).rejects.toMatchObject({ code: "25006" });
    await store.close();
  });
});
