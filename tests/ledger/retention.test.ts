import { expect, test } from "bun:test";
import { join } from "node:path";
import type { ActionReply, ReplayReply } from "../../contracts/api-commands.ts";
import type { Ledger, Retention } from "../../contracts/api-queries.ts";
import type { Problem } from "../../contracts/problem.ts";
import { behavior } from "../support/suite.ts";
import { sweepIn } from "../support/sweep.ts";
import { eventually } from "../support/wait.ts";
import { runAudit } from "./run-audit.ts";

const LATER = new Date(Date.now() + 48 * 3_600_000).toISOString();
/** Hours after which completed jobs and failed jobs are past their retention. */
const JOBS_OVER = 73;
const FAILED_OVER = 337;

behavior("retention", {}, (world) => {
  const ledger = () => world().get<Ledger>("/ledger?settleMs=0");
  /** Waits until the ledger has checked and sealed the time at which the last job ended; earlier, no job is pruned. */
  const sealed = async () => {
    const [row] = await world().sql<{ at: Date }[]>`select max(finished_at) as at from jobs`;
    return eventually(
      async () => {
        const now = await ledger();
        return now.sealedUntil != null && new Date(now.sealedUntil) > row!.at && now;
      },
      { what: "every ended job to be sealed", timeoutMs: 60_000, everyMs: 200 },
    );
  };
  const remaining = async (ids: readonly string[]) => {
    const rows = await world().sql<{ id: string }[]>`
      select id from jobs where id = any(${[...ids]}::uuid[])`;
    return rows.map(({ id }) => id).sort();
  };
  const jobCount = async () => {
    const [row] = await world().sql<{ count: number }[]>`select count(*)::int as count from jobs`;
    return row!.count;
  };
  const sweep = (hours: number) => sweepIn(hours, world().urls.DATABASE_URL);
  const run = async (count: number, job: object = { type: "sleep" }, status = "COMPLETED") => {
    const ids = await world().submitMany(Array.from({ length: count }, () => ({ ...job })));
    await world().untilAll(ids, status);
    return ids;
  };
  const purge = async (body: object) => {
    const reply = await world().post("/jobs/purge", body);
    return [reply.status, (await reply.json()) as ActionReply & Problem] as const;
  };

  const waitingFor = async (what: string) => {
    const { rules } = await world().get<Retention>("/retention");
    return rules.find((rule) => rule.what === what)?.waiting;
  };

  test("reports no reason to wait while no job is past its retention", async () => {
    await sweep(0);
    expect(await waitingFor("jobs")).toBeUndefined();
    expect(await waitingFor("failed-jobs")).toBeUndefined();
  });

  test("deletes ended jobs, keeps failed ones longer, and deletes neither live jobs nor parents of live children", async () => {
    expect((await world().post("/queues/hash/pause")).status).toBe(200);
    const waiting = await world().submit({ type: "hash", payload: { text: "a" }, runAt: LATER });
    const failed = await run(2, { type: "fail", maxAttempts: 1 }, "FAILED");
    const done = await run(20);
    const [parent = "", childless = ""] = done;
    await world().sql`update jobs set parent_id = ${parent} where id = ${waiting}`;
    const before = await sealed();

    await sweep(JOBS_OVER);
    expect(await remaining([...done, ...failed, waiting])).toEqual([parent, waiting, ...failed].sort());
    const rows = await world().sql`
      select (select count(*) from job_transitions where job_id = ${childless})
        + (select count(*) from job_attempts where job_id = ${childless}) as count`;
    expect(Number(rows[0]?.count)).toBe(0);
    expect(await ledger()).toMatchObject({
      accepted: before.accepted,
      completed: before.completed,
      failed: 2,
      inFlight: 1,
      pruned: 19,
      balanced: true,
    });

    const reply = await fetch(`${world().readModel()}/jobs/${childless}`);
    const problem = (await reply.json()) as Problem;
    expect([reply.status, problem.code]).toEqual([410, "JOB_PRUNED"]);
    expect(problem.facts?.reason).toBe("retention");
    expect(problem.detail).toContain(String(problem.facts?.prunedAt));
    expect((await fetch(`${world().readModel()}/jobs/${childless}/timeline`)).status).toBe(410);
    expect((await world().post(`/jobs/${childless}/retry`)).status).toBe(410);

    // The events still exist, so an audit compares them with the deleted jobs.
    expect(await runAudit(world())).toMatchObject({ lost: 0, unobserved: 0, duplicated: 0 });
    await world().post(`/jobs/${waiting}/cancel`);
    await sweep(FAILED_OVER);
    expect(await remaining(failed)).toEqual([]);
    const letters = await world().sql`select from dead_letters where id = any(${failed}::uuid[])`;
    expect(letters).toHaveLength(0);
    expect(await ledger()).toMatchObject({ failed: 2, balanced: true });
    await world().post("/queues/hash/resume");
  }, 120_000);

  test("reports each kind of data that expires and how long it is kept", async () => {
    const { rules, remembered } = await world().get<Retention>("/retention");
    expect(rules.map(({ what, keepHours, setting }) => [what, keepHours, setting]).sort()).toEqual([
      ["dead-letters", 72, "JOB_RETENTION_HOURS"],
      ["events", 168, "EVENT_RETENTION_HOURS"],
      ["failed-jobs", 336, "FAILED_JOB_RETENTION_HOURS"],
      ["jobs", 72, "JOB_RETENTION_HOURS"],
    ]);
    expect(rules.find(({ what }) => what === "jobs")?.pruned).toBeGreaterThanOrEqual(19);
    expect(remembered.since).not.toBeNull();
  });

  test("keeps jobs that the ledger has not sealed", async () => {
    const ids = await run(3);
    await sweep(JOBS_OVER);
    expect(await remaining(ids)).toEqual([...ids].sort());
    expect(await waitingFor("jobs")).toStartWith("The ledger has sealed up to");
  });

  test("deletes only whole batches, even if the pruner is killed, and the next pruner continues", async () => {
    const ids = await run(3_000);
    await sealed();
    const script = join(import.meta.dir, "../support/sweep.ts");
    const child = Bun.spawn([process.execPath, script, String(JOBS_OVER), world().urls.DATABASE_URL]);
    await eventually(async () => (await remaining(ids)).length < ids.length, {
      what: "the first batch to be deleted",
      everyMs: 5,
    });
    child.kill("SIGKILL");
    await child.exited;
    const left = await jobCount();
    const { completed, balanced, pruned = 0 } = await ledger();
    expect(balanced).toBe(true);
    await sweep(JOBS_OVER);
    expect(await remaining(ids)).toEqual([]);
    const after = await ledger();
    expect([after.completed, after.balanced]).toEqual([completed, true]);
    // Jobs from earlier tests may have become due for pruning by now, so compare with the number of all deleted jobs.
    expect((after.pruned ?? 0) - pruned).toBe(left - (await jobCount()));
    expect(await runAudit(world())).toMatchObject({ lost: 0, unobserved: 0, duplicated: 0 });
  }, 240_000);

  test("a purge deletes the jobs that match a filter while others run, and none in a dry run", async () => {
    const ids = await run(1_500, { type: "sleep", metadata: { batch: "old" }, payload: { ms: 3 } });
    await sealed();
    const filter = { type: "sleep", payload: { ms: 3 } };
    const [, dry] = await purge({ filter, dryRun: true });
    expect(dry).toMatchObject({ action: "purge", dryRun: true, matched: ids.length, changed: 0 });
    expect(await remaining(ids)).toHaveLength(ids.length);

    const running = world().submitMany(Array.from({ length: 1_000 }, () => ({ type: "sleep" })));
    const [status, begun] = await purge({ filter });
    expect([status, begun.matched]).toEqual([200, ids.length]);
    const ended = await eventually(
      async () => {
        const reply = await fetch(`${world().gateway()}/jobs/actions/${begun.id}`);
        const now = (await reply.json()) as ActionReply;
        return now.state === "done" && now;
      },
      { what: "the purge to end" },
    );
    expect(ended).toMatchObject({ action: "purge", seen: ids.length, changed: ids.length });
    expect(await remaining(ids)).toEqual([]);
    await world().untilAll(await running, "COMPLETED");
    const gone = await fetch(`${world().readModel()}/jobs/${ids[0]}`);
    expect(((await gone.json()) as Problem).facts?.reason).toBe("purge");
  }, 120_000);

  test("a deleted job that is submitted again does not run, and a different job under its key is a conflict", async () => {
    const keyed = (job: object) => world().submit({ type: "sleep", ...job }, { "idempotency-key": "again" });
    const id = await keyed({ payload: { ms: 4 } });
    await world().untilStatus(id, "COMPLETED");
    await sealed();
    await purge({ filter: { type: "sleep", payload: { ms: 4 } } });
    await eventually(async () => (await remaining([id])).length === 0, { what: "the job to be deleted" });

    // A gateway that remembers a key refuses a different body without asking the job store. A restart makes it forget.
    const restart = async () => {
      await world().running.gateway.stop();
      await world().start("gateway");
    };
    await restart();
    expect(await keyed({ payload: { ms: 4 } })).toBe(id);
    await restart();
    expect(await keyed({ payload: { ms: 5 } })).toBe(id);
    const letter = () => world().sql`select reason from dead_letters where job_id = ${id}`;
    await eventually(async () => (await letter()).length > 0, { what: "the conflict to be filed" });
    // The single processor handles messages in order, so both submissions have been handled, and only the second
    // conflicted.
    expect((await letter()).map(({ reason }) => reason)).toEqual(["IDEMPOTENCY_CONFLICT"]);
    expect(await remaining([id])).toEqual([]);
    expect((await fetch(`${world().readModel()}/jobs/${id}`)).status).toBe(410);

    // Replaying the dead letter creates a new job, because the key still belongs to the deleted one.
    const [{ id: letterId } = { id: "" }] = await world().sql<{ id: string }[]>`
      select id from dead_letters where job_id = ${id}`;
    const replayed = (await (await world().post(`/dead-letters/${letterId}/replay`)).json()) as ReplayReply;
    expect(replayed.outcome).toBe("new-job");
    await world().untilStatus(replayed.jobId ?? "", "COMPLETED");
    await world().settledLedger();
  }, 120_000);

  test("a purge with a faulty or empty filter deletes nothing and explains why", async () => {
    const [first, typo] = await purge({ filter: { stauts: "FAILED" } });
    expect([first, typo.code]).toEqual([422, "VALIDATION_FAILED"]);
    const [second, unknown] = await purge({ filter: "status:finished" });
    expect([second, unknown.code]).toEqual([422, "VALIDATION_FAILED"]);
    const [third, empty] = await purge({ filter: {} });
    expect([third, empty.code]).toEqual([422, "VALIDATION_FAILED"]);
    expect(empty.detail).toContain("all");
  });
});
