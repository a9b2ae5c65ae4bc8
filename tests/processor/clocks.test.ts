import { expect, test } from "bun:test";
import { join } from "node:path";
import type { Stats } from "../../contracts/api-queries.ts";
import { newJobId } from "../../contracts/ids.ts";
import { openBus } from "../../shared/bus/open.ts";
import { createdEvent } from "../../shared/created-event.ts";
import { createEventMaker, joinEnvelopes } from "../../shared/event.ts";
import { createLog } from "../../shared/log.ts";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";

// The ledger cannot settle after these tests: it does not count the jobs until its own clock reaches their times.
behavior("a gateway whose clock is an hour ahead", { accused: true }, (world) => {
  test("delays no job and keeps each job's steps in chronological order", async () => {
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

const PRELOAD = `--preload=${join(import.meta.dir, "../support/shifted-clock.ts")}`;
const FIVE_MINUTES_MS = 300_000;
const shifted = (ms: number) => ({ BUN_OPTIONS: PRELOAD, CLOCK_SHIFT_MS: String(ms) });

for (const [name, gatewayMs, processorMs] of [
  ["a gateway five minutes fast and a processor five minutes slow", FIVE_MINUTES_MS, -FIVE_MINUTES_MS],
  ["a gateway five minutes slow and a processor five minutes fast", -FIVE_MINUTES_MS, FIVE_MINUTES_MS],
] as const)
  behavior(
    name,
    {
      accused: true,
      env: {
        gateway: shifted(gatewayMs),
        processor: { ...shifted(processorMs), CONCURRENCY: "1" },
      },
    },
    (world) => {
      test("do not affect when or in what order jobs run", async () => {
        const blocker = await world().submit({ type: "sleep", payload: { ms: 1_000 } });
        await world().untilStatus(blocker, "EXECUTING");
        const runAt = Date.now() + 2_500;
        const scheduled = await world().submit({ type: "sleep", runAt: new Date(runAt).toISOString() });
        const flaky = await world().submit({ type: "flaky", payload: { failFirst: 1 } });
        const sleeps: string[] = [];
        for (let n = 0; n < 5; n++) {
          const id = await world().submit({ type: "sleep", payload: { ms: 1 } });
          // Messages may overtake each other on the bus, but no job may overtake one that is already stored.
          await eventually(async () => (await world().sql`select from jobs where id = ${id}`).length > 0, {
            what: "the job to be stored",
            everyMs: 5,
          });
          sleeps.push(id);
        }
        await eventually(
          async () =>
            (
              await world()
                .sql`select 1 from job_transitions where job_id = ${scheduled} and to_status = 'EXECUTING'`
            ).length > 0,
          { what: "the scheduled job to start" },
        );
        const lateMs = Date.now() - runAt;
        expect(lateMs).toBeGreaterThan(-50);
        // If either clock mattered, the delay would be minutes.
        expect(lateMs).toBeLessThan(60_000);
        await world().untilAll([flaky, ...sleeps], "COMPLETED", 15_000);

        const attempts = await world().sql<{ job_id: string; queue_wait_ms: number }[]>`
          select job_id, queue_wait_ms from job_attempts order by queue_wait_ms desc`;
        for (const { queue_wait_ms } of attempts) expect(queue_wait_ms).toBeLessThan(10_000);
        const order = await world().sql<{ id: string }[]>`
          select id from jobs where id = any(${sleeps}::uuid[]) order by run_at`;
        expect(order.map(({ id }) => id)).toEqual(sleeps);
      });

      test("keep the latest event's time plausible", async () => {
        const { lastEventAt } = await world().get<Stats>("/stats");
        expect(Math.abs(Date.parse(lastEventAt ?? "") - Date.now())).toBeLessThan(2 * FIVE_MINUTES_MS);
      });
    },
  );
