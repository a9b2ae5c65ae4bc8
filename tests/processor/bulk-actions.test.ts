import { expect, test } from "bun:test";
import type { ActionReply, DeadLetterActionReply } from "../../contracts/api-commands.ts";
import type { DeadLetterPage } from "../../contracts/api-queries.ts";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";

type Reply = Omit<ActionReply, "action"> & Pick<DeadLetterActionReply, "byReason">;

const LATER = new Date(Date.now() + 3_600_000).toISOString();

behavior("a bulk action", { processors: 2, env: { all: { LEASE_MS: "1500" } } }, (world) => {
  const act = async (body: object, target = "jobs", headers: Record<string, string> = {}) => {
    const reply = await world().post(`/${target}/actions`, body, headers);
    return [reply.status, (await reply.json()) as Reply] as const;
  };
  const read = async (id = "", target = "jobs") => {
    const reply = await fetch(`${world().gateway()}/${target}/actions/${id}`);
    return (await reply.json()) as Reply;
  };
  const ended = (id = "", target = "jobs") =>
    eventually(
      async () => {
        const action = await read(id, target);
        return action.state !== "running" && action;
      },
      { what: `action ${id} to end` },
    );
  const later = async (type: string, count: number, payload: object = {}) => {
    const ids = await world().submitMany(
      Array.from({ length: count }, () => ({ type, payload, runAt: LATER })),
    );
    await world().untilAll(ids, "SCHEDULED");
    return ids.sort();
  };
  const failed = async (count: number) => {
    const ids = await world().submitMany(
      Array.from({ length: count }, () => ({ type: "fail", maxAttempts: 1 })),
    );
    await world().untilAll(ids, "FAILED");
    return ids;
  };

  test("in a dry run reports what it would change, by type and status, with a sample", async () => {
    const ids = [...(await later("sleep", 12, { ms: 7 })), ...(await later("flaky", 3))];
    const [status, reply] = await act({ action: "cancel", filter: "status:scheduled", dryRun: true });
    expect(status).toBe(200);
    expect(reply as object).toEqual({
      action: "cancel",
      dryRun: true,
      matched: 15,
      changed: 0,
      byStatus: { SCHEDULED: 15 },
      byType: { sleep: 12, flaky: 3 },
      sample: expect.any(Array),
    });
    expect(reply.sample).toHaveLength(10);
    for (const id of reply.sample ?? []) expect(ids).toContain(id);
    await world().untilAll(ids, "SCHEDULED");
  });

  test("accepts the job list's filters, including payload, and refuses an empty filter without confirmation", async () => {
    const [, some] = await act({ action: "cancel", filter: { type: "sleep", payload: { ms: 7 } } });
    expect(some).toMatchObject({ state: "done", matched: 12, changed: 12, seen: 12 });
    const [refused, problem] = await act({ action: "cancel", filter: {} });
    expect([refused, (problem as unknown as { code: string }).code]).toEqual([422, "VALIDATION_FAILED"]);
    expect(await act({ action: "cancel", filter: {}, all: true })).toMatchObject([
      200,
      { matched: 3, changed: 3 },
    ]);
    const [unread] = await act({ action: "drop", filter: {} }, "dead-letters");
    expect(unread).toBe(422);
  });

  test("sent twice under one idempotency key runs once", async () => {
    await later("sleep", 4);
    const body = { action: "cancel", filter: "type:sleep" };
    const [first, second] = await Promise.all(
      [1, 2].map(() => act(body, "jobs", { "idempotency-key": "once" })),
    );
    expect(second).toEqual(first as NonNullable<typeof first>);
    expect(first).toMatchObject([200, { changed: 4 }]);
  });

  test("that retries jobs touches each job once, even one that fails again immediately", async () => {
    const ids = await failed(40);
    const [, reply] = await act({ action: "retry", filter: "status:failed type:fail" });
    expect(reply).toMatchObject({ state: "done", matched: 40, changed: 40 });
    await eventually(
      async () =>
        (await world().sql`select from jobs where id = any(${ids}::uuid[]) and status = 'FAILED' and run = 2`)
          .length === 40,
      { what: "each second run to fail" },
    );
    expect((await read(reply.id)).changed).toBe(40);
  });

  test("on many jobs gets an immediate reply, survives its processor's death and changes each match once", async () => {
    const ids = await later("hash", 2_600, { text: "x" });
    let id = "";
    await world().sql.begin(async (tx) => {
      // The second step waits for this job's lock, so the processor dies in the middle of that step.
      await tx`select from jobs where id = ${ids[700] ?? ""} for update`;
      const [, reply] = await act({ action: "cancel", filter: "type:hash" });
      expect(reply).toMatchObject({ state: "running", matched: 2_600, changed: 0 });
      id = reply.id ?? "";
      const holder = await eventually(
        async () => {
          const [row] = await tx`
            select w.pid from bulk_actions b join workers w on w.id = b.worker_id where b.id = ${id} and b.seen = 500`;
          return row?.pid as number | undefined;
        },
        { what: "the first step to be done" },
      );
      await world()
        .workers.find(({ pid }) => pid === holder)
        ?.kill();
    });
    expect(await ended(id)).toMatchObject({ state: "done", matched: 2_600, seen: 2_600, changed: 2_600 });
    const [row] = await world().sql`
      select count(*)::int as moves, count(distinct job_id)::int as jobs from job_transitions
      where to_status = 'CANCELLED' and detail->>'commandId' = ${id}`;
    expect(row).toEqual({ moves: 2_600, jobs: 2_600 });
  });

  test("stops where it is when cancelled", async () => {
    const ids = await later("hash", 1_600, { text: "y" });
    let stopped: Promise<Response> | undefined;
    let id = "";
    await world().sql.begin(async (tx) => {
      await tx`select from jobs where id = ${ids[600] ?? ""} for update`;
      const [, reply] = await act({ action: "cancel", filter: "type:hash status:scheduled" });
      id = reply.id ?? "";
      await eventually(
        async () => (await tx`select from bulk_actions where id = ${id} and seen = 500`).length > 0,
        {
          what: "the first step to be done",
        },
      );
      stopped = world().post(`/jobs/actions/${id}/cancel`);
      // Query on another connection: inside its transaction, `tx` keeps seeing one snapshot of pg_stat_activity.
      await eventually(
        async () =>
          (
            await world().sql`select from pg_stat_activity
                where wait_event_type = 'Lock' and query like '%bulk_actions set state%'`
          ).length > 0,
        { what: "the cancellation to wait for the current step" },
      );
    });
    expect((await stopped)?.status).toBe(200);
    const action = await ended(id);
    expect(action.state).toBe("cancelled");
    expect(action.changed).toBeLessThan(1_600);
    const left = await world().sql`select from jobs where id = any(${ids}::uuid[]) and status = 'SCHEDULED'`;
    expect(left.length).toBe(1_600 - action.changed);
    await act({ action: "cancel", filter: "status:scheduled" });
  });

  test("on dead letters replays or drops each match once", async () => {
    await act({ action: "drop", filter: {}, all: true }, "dead-letters");
    const ids = await failed(30);
    const filter = { type: "fail", reason: "OUT_OF_TRIES", diedAfter: "1h" };
    const [, dry] = await act({ action: "replay", filter, dryRun: true }, "dead-letters");
    expect(dry).toMatchObject({
      matched: 30,
      changed: 0,
      byReason: { OUT_OF_TRIES: 30 },
      byType: { fail: 30 },
    });
    const [, reply] = await act({ action: "replay", filter }, "dead-letters");
    expect(reply).toMatchObject({ matched: 30 });
    expect(await ended(reply.id, "dead-letters")).toMatchObject({ state: "done", changed: 30 });
    await eventually(
      async () =>
        (await world().sql`select from jobs where id = any(${ids}::uuid[]) and status = 'FAILED' and run = 2`)
          .length === 30,
      { what: "each second run to fail" },
    );
    const [, drop] = await act({ action: "drop", filter: "type:fail" }, "dead-letters");
    expect(drop).toMatchObject({ state: "done", matched: 30, changed: 30 });
    expect((await world().get<DeadLetterPage>("/dead-letters")).items).toHaveLength(0);
  });

  const refuse = (type: string, errcode: string) =>
    world().sql.unsafe(`
      create function refuse() returns trigger language plpgsql as $$ begin
        if new.type = '${type}' then raise exception 'not this type' using errcode = '${errcode}'; end if;
        return new;
      end $$;
      create trigger refusal before update on jobs for each row execute function refuse();`);
  const allow = () => world().sql.unsafe("drop trigger refusal on jobs; drop function refuse()");
  const areReady = async () =>
    (
      await Promise.all(
        world()
          .workers.filter((worker) => !worker.hasEnded())
          .map(({ url }) => fetch(`${url}/readyz`)),
      )
    ).every(({ ok }) => ok);

  test.each([
    ["writes values that the store refuses", "23514"],
    ["exceeds the store's time limit", "57014"],
  ])("that always %s fails with the reason, while others continue", async (_, code) => {
    const ids = await later("hash", 5, { text: "z" });
    await later("sleep", 5);
    await refuse("hash", code);
    try {
      const [[, guilty], [, other]] = [
        await act({ action: "cancel", filter: "type:hash status:scheduled" }),
        await act({ action: "cancel", filter: "type:sleep status:scheduled" }),
      ];
      expect(await ended(other.id)).toMatchObject({ state: "done", changed: 5 });
      expect(await ended(guilty.id)).toMatchObject({
        state: "failed",
        reason: "not this type",
        matched: 5,
        changed: 0,
        finishedAt: expect.any(String),
      });
      expect(await areReady()).toBe(true);
    } finally {
      await allow();
    }
    await world().untilAll(ids, "SCHEDULED");
    await act({ action: "cancel", filter: "type:hash status:scheduled" });
  });

  test("keeps retrying while the store itself fails, and other actions continue", async () => {
    await later("hash", 5, { text: "w" });
    await later("sleep", 5);
    await refuse("hash", "25006");
    let id = "";
    try {
      const [, waiting] = await act({ action: "cancel", filter: "type:hash status:scheduled" });
      id = waiting.id ?? "";
      // The reply takes long enough for the step to fail three times.
      expect(waiting.state).toBe("running");
      const [, other] = await act({ action: "cancel", filter: "type:sleep status:scheduled" });
      expect(await ended(other.id)).toMatchObject({ state: "done", changed: 5 });
      expect((await read(id)).state).toBe("running");
    } finally {
      await allow();
    }
    expect(await ended(id)).toMatchObject({ state: "done", changed: 5 });
  });

  test("that never existed is reported as ACTION_NOT_FOUND", async () => {
    expect(await read("01890000-0000-7000-8000-000000000000")).toMatchObject({ code: "ACTION_NOT_FOUND" });
  });
});
