import { expect, test } from "bun:test";
import { openBus } from "../../shared/bus/open.ts";
import { joinEnvelopes } from "../../shared/event.ts";
import { createLog } from "../../shared/log.ts";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";

behavior("every event delivered again", {}, (world) => {
  test("changes no row, attempt, count or stored event", async () => {
    const ids = await world().submitMany([
      { type: "sleep" },
      { type: "fail", maxAttempts: 2 },
      { type: "flaky", payload: { failFirst: 1 } },
      { type: "fan-out", payload: { count: 3, childMs: 0 } },
    ]);
    await eventually(
      async () =>
        (await world().sql`select 1 from jobs where status in ('COMPLETED', 'FAILED')`).length === 7,
      { what: "seven jobs to end" },
    );
    await world().settledLedger();

    const picture = async () => ({
      jobs: await world().sql`select * from jobs order by id`,
      transitions: await world().sql`select * from job_transitions order by job_id, sequence`,
      attempts: await world().sql`select * from job_attempts order by job_id, attempt`,
      letters: await world().sql`select id, replays from dead_letters`,
      counters: (await world().get<{ counters: object }>("/stats")).counters,
      events: (await world().get<{ items: { eventId: string }[] }>("/events?limit=500")).items
        .map((event) => event.eventId)
        .sort(),
    });
    const before = await picture();
    const events = (await world().get<{ items: { eventType: string }[] }>("/events?limit=500")).items;
    expect(new Set(events.map((event) => event.eventType)).size).toBeGreaterThanOrEqual(7);

    const bus = openBus({
      url: world().urls.BUS_URL,
      name: "test",
      log: createLog({ service: "test", level: "silent" }),
    });
    await bus.connected();
    for (let round = 0; round < 3; round++) {
      const texts = (wanted: boolean) =>
        events
          .filter((event) => (event.eventType === "job.created") === wanted)
          .map((event) => JSON.stringify(event));
      await bus.publish("jobs.created", joinEnvelopes(texts(true)));
      await bus.publish("jobs.transitions", joinEnvelopes(texts(false)));
    }
    // Once a job submitted after the redeliveries has passed through the same queues, all of them have been processed.
    const last = await world().submit({ type: "sleep" });
    await world().untilStatus(last, "COMPLETED");
    await world().settledLedger();
    await bus.close();

    const after = await picture();
    expect(after.jobs.filter((job) => job.id !== last)).toEqual([...before.jobs]);
    expect(after.transitions.filter((row) => row.job_id !== last)).toEqual([...before.transitions]);
    expect(after.attempts.filter((row) => row.job_id !== last)).toEqual([...before.attempts]);
    expect(after.letters).toEqual(before.letters);
    const counts = before.counters as Record<string, number>;
    expect(after.counters).toEqual({
      ...counts,
      submitted: (counts.submitted ?? 0) + 1,
      completed: (counts.completed ?? 0) + 1,
      events: (counts.events ?? 0) + 5,
    });
    expect(after.events).toHaveLength(before.events.length + 5);
    expect(ids).toHaveLength(4);
  });
});
