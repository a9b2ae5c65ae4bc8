import { expect, test } from "bun:test";
import type { QueuesReply } from "../../contracts/api-queries.ts";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";

behavior("pausing a job type", {}, (world) => {
  test("keeps its accepted jobs waiting until it is resumed, and does not affect other types", async () => {
    const pause = await world().post("/queues/sleep/pause");
    expect([pause.status, await pause.json()]).toEqual([200, { type: "sleep", paused: true, changed: true }]);
    expect(await (await world().post("/queues/sleep/pause")).json()).toEqual({
      type: "sleep",
      paused: true,
      changed: false,
    });

    const waiting = await world().submitMany(Array.from({ length: 20 }, () => ({ type: "sleep" })));
    const other = await world().submit({ type: "hash", payload: { text: "goes on" } });
    await world().untilStatus(other, "COMPLETED");
    await world().untilAll(waiting, "VALIDATED");
    const queue = await eventually(
      async () =>
        (await world().get<QueuesReply>("/queues")).queues.find(
          (state) => state.type === "sleep" && state.waiting === 20,
        ),
      { what: "the queue to show its depth" },
    );
    expect(queue).toMatchObject({ paused: true, executing: 0 });
    // Wait until the processor has polled for jobs once. The poll must not start any job of the paused type.
    await eventually(
      async () =>
        (await world().sql`select now() - max(received_at) > interval '1.2 seconds' as past from jobs`)[0]
          ?.past,
      { what: "the processor to have polled for jobs" },
    );
    expect(await world().sql`select 1 from job_attempts where job_id = any(${waiting}::uuid[])`).toHaveLength(
      0,
    );

    expect(await (await world().post("/queues/sleep/resume")).json()).toEqual({
      type: "sleep",
      paused: false,
      changed: true,
    });
    await world().untilAll(waiting, "COMPLETED");
  });

  test("takes effect even in a processor that could not read the paused types when notified", async () => {
    const { sql } = world();
    await sql`alter table paused_types rename to paused_types_away`;
    await sql`insert into paused_types_away (type) values ('sleep')`;
    await sql`select pg_notify('observatory_paused', 'sleep')`;
    const isWarned = () =>
      world().workers[0]?.lines.some((line) => line.includes("Paused types cannot be read"));
    await eventually(isWarned, { what: "a read of the paused types to fail" });
    await sql`alter table paused_types_away rename to paused_types`;
    // The processor starts a new job without queuing it only if no earlier job waits, which it learns by claiming all
    // due jobs. Let it run one job first, so that this path is tested as well.
    await world().untilStatus(
      await world().submit({ type: "hash", payload: { text: "claims work" } }),
      "COMPLETED",
    );
    const isHeld = async () => {
      const id = await world().submit({ type: "sleep" });
      const row = await eventually(async () => (await sql`select status from jobs where id = ${id}`)[0], {
        what: "the job's row",
      });
      return row.status === "VALIDATED";
    };
    await eventually(
      async () => {
        for (let i = 0; i < 10; i++) if (!(await isHeld())) return false;
        return true;
      },
      { what: "ten consecutive jobs to be left waiting", timeoutMs: 10_000 },
    );
    await world().post("/queues/sleep/resume");
  });
});
