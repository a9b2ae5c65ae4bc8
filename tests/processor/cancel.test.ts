import { expect, test } from "bun:test";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";

behavior("cancelling", { processors: 2, env: { processor: { CONCURRENCY: "2" } } }, (world) => {
  test("a job that has not started ends it at once, without an attempt", async () => {
    const id = await world().submit({ type: "sleep", runAt: new Date(Date.now() + 3_600_000).toISOString() });
    await world().untilStatus(id, "SCHEDULED");
    const reply = await world().post(`/jobs/${id}/cancel`);
    expect([reply.status, await reply.json()]).toEqual([
      200,
      { jobId: id, status: "CANCELLED", cancelRequested: false },
    ]);
    const again = await world().post(`/jobs/${id}/cancel`);
    expect([again.status, ((await again.json()) as { facts: object }).facts]).toEqual([
      409,
      { status: "CANCELLED" },
    ]);
    expect(await world().sql`select 1 from job_attempts where job_id = ${id}`).toHaveLength(0);
  });

  test("a running job, through any processor, signals its handler to stop", async () => {
    const ids = await Promise.all(
      [1, 2, 3].map(() => world().submit({ type: "sleep", payload: { ms: 60_000 } })),
    );
    await world().untilAll(ids, "EXECUTING");
    for (const id of ids) {
      const reply = await world().post(`/jobs/${id}/cancel`);
      expect(reply.status).toBe(200);
      expect(((await reply.json()) as { status: string }).status).toMatch(/EXECUTING|CANCELLED/);
    }
    await world().untilAll(ids, "CANCELLED", 5_000);
    for (const id of ids) expect((await world().job(id)).attempts).toMatchObject([{ outcome: "cancelled" }]);
  });

  test("a running hash frees its thread", async () => {
    const id = await world().submit({ type: "hash", payload: { text: "long", rounds: 50_000_000 } });
    await world().untilStatus(id, "EXECUTING");
    await world().post(`/jobs/${id}/cancel`);
    await world().untilStatus(id, "CANCELLED", 5_000);
    const next = await world().submit({ type: "hash", payload: { text: "short" } });
    await world().untilStatus(next, "COMPLETED", 5_000);
  });

  test("a job whose attempt has just failed prevents its retry", async () => {
    // The lock delays only the recording of finished attempts, so the cancellation arrives after the attempt has failed
    // but before the failure is recorded.
    const lock = await world().sql.reserve();
    await lock`begin`;
    await lock`lock table explicit_attempts in exclusive mode`;
    try {
      const id = await world().submit({ type: "fail", payload: { message: "Broken" } });
      const failed = async () => {
        const scrapes = await Promise.all(
          world().workers.map(async ({ url }) => (await fetch(`${url}/metrics`)).text()),
        );
        return scrapes.some((text) => /^observatory_unrecorded_ends\{.*\} 1$/m.test(text));
      };
      await eventually(failed, { what: "the attempt to fail" });
      expect((await world().post(`/jobs/${id}/cancel`)).status).toBe(200);
      await lock`rollback`;
      await world().untilStatus(id, "CANCELLED", 5_000);
      const { attempts, transitions } = await world().job(id);
      expect(attempts).toMatchObject([{ outcome: "failed", error: { code: "ALWAYS_FAILS" } }]);
      expect(transitions.map(({ to }) => to)).toEqual(["PENDING", "VALIDATED", "EXECUTING", "CANCELLED"]);
    } finally {
      await lock`rollback`;
      lock.release();
    }
  });

  test("many jobs at once cancels exactly the matches that a dry run counts", async () => {
    const runAt = new Date(Date.now() + 3_600_000).toISOString();
    const waiting = await world().submitMany(Array.from({ length: 700 }, () => ({ type: "flaky", runAt })));
    const other = await world().submit({ type: "hash", payload: { text: "stay" }, runAt });
    await world().untilAll([...waiting, other], "SCHEDULED");
    const filter = { type: "flaky", status: "SCHEDULED" };
    const act = async (body: object) => (await world().post("/jobs/actions", body)).json();
    expect(await act({ action: "cancel", filter, dryRun: true })).toMatchObject({ matched: 700, changed: 0 });
    expect(await act({ action: "cancel", filter })).toMatchObject({ matched: 700, changed: 700 });
    expect((await world().job(other)).status).toBe("SCHEDULED");
    expect(
      await act({ action: "retry", filter: { type: "flaky", text: "nothing like it" }, dryRun: true }),
    ).toMatchObject({ matched: 0 });
    await world().post(`/jobs/${other}/cancel`);
  });

  test("a job that intake has not stored yet waits until it is stored instead of returning 404", async () => {
    let reply: Promise<Response> | undefined;
    const early: string[] = [];
    await world().sql.begin(async (tx) => {
      // The lock blocks writers but not readers, so the job is accepted but has no row.
      await tx`lock table jobs in exclusive mode`;
      early.push(await world().submit({ type: "sleep", payload: { ms: 60_000 } }));
      reply = world().post(`/jobs/${early[0]}/cancel`);
      await Bun.sleep(0);
      await eventually(
        async () => (await tx`select 1 from pg_stat_activity where wait_event_type = 'Lock'`).length > 0,
        { what: "intake to wait for the lock" },
      );
    });
    expect((await reply)?.status).toBe(200);
    await world().untilAll(early, "CANCELLED", 5_000);
  });

  test("a job that never existed returns 404, immediately if the id encodes an old time", async () => {
    const startedAt = performance.now();
    const reply = await world().post("/jobs/01890000-0000-7000-8000-000000000000/cancel");
    expect([reply.status, performance.now() - startedAt < 1_000]).toEqual([404, true]);
  });

  test("a job does not prevent running it again", async () => {
    const id = await world().submit({ type: "sleep", runAt: new Date(Date.now() + 3_600_000).toISOString() });
    await world().untilStatus(id, "SCHEDULED");
    await world().post(`/jobs/${id}/cancel`);
    expect((await world().post(`/jobs/${id}/retry`)).status).toBe(200);
    await eventually(async () => (await world().job(id)).status === "COMPLETED", { what: "the second run" });
  });
});
