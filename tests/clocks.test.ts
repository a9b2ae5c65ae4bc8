import { expect, test } from "bun:test";
import { newJobId } from "../contracts/ids.ts";
import { openBus } from "../shared/bus/open.ts";
import { createEventMaker, joinEnvelopes } from "../shared/event.ts";
import { createdEvent } from "../shared/job-request.ts";
import { createLog } from "../shared/log.ts";
import { behaviour } from "./support/suite.ts";

// The ledger counts these jobs once its own clock has come as far.
behaviour("a gateway whose clock is an hour ahead", { accused: true }, (world) => {
  test("delays no job, and no step of a job is earlier than the one before it", async () => {
    const bus = openBus({
      url: world().urls.BUS_URL,
      name: "test",
      log: createLog({ service: "test", level: "silent" }),
    });
    await bus.connected();
    const makeEvent = createEventMaker({ service: "gateway", instanceId: "test", version: "1.0.0" });
    const occurredAt = new Date(Date.now() + 3_600_000).toISOString();
    const ids = Array.from({ length: 200 }, newJobId);
    const events = ids.map((jobId, n) => ({
      ...createdEvent(
        makeEvent,
        { jobId, jobType: "flaky", payload: { failFirst: n % 2 } },
        { correlationId: crypto.randomUUID() },
      ),
      occurredAt,
    }));
    await bus.publish("jobs.created", joinEnvelopes(events.map((event) => JSON.stringify(event))));
    await bus.close();
    await world().untilAll(ids, "COMPLETED");
    const backwards = await world().sql`
      select job_id, sequence, to_status, at, before from (
        select *, lag(at) over (partition by job_id order by sequence) as before from job_transitions) t
      where at < before`;
    expect(backwards).toHaveLength(0);
    expect(await world().sql`select 1 from job_attempts where finished_at < started_at`).toHaveLength(0);
  });
});
