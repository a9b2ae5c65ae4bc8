import { expect, test } from "bun:test";
import type { QueuesReply } from "../contracts/api-queries.ts";
import { behaviour } from "./support/suite.ts";
import { eventually } from "./support/wait.ts";

behaviour("pausing a job type", {}, (world) => {
  test("keeps accepting it, starts none of it, leaves other types alone, and resuming runs what waited", async () => {
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
    // A poll of the claims has passed meanwhile; none of them may have started.
    await eventually(
      async () =>
        (await world().sql`select now() - max(received_at) > interval '1.2 seconds' as past from jobs`)[0]
          ?.past,
      { what: "a poll to pass" },
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
});
