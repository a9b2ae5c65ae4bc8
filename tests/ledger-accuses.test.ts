import { expect, test } from "bun:test";
import type { Ledger } from "../contracts/api-queries.ts";
import { eventIdAt, newJobId } from "../contracts/ids.ts";
import { openBus } from "../shared/bus/open.ts";
import { createEventMaker, joinEnvelopes } from "../shared/event.ts";
import { createdEvent } from "../shared/job-request.ts";
import { createLog } from "../shared/log.ts";
import { withStoredEvents } from "./support/stored-events.ts";
import { behaviour } from "./support/suite.ts";
import { eventually } from "./support/wait.ts";

const makeEvent = createEventMaker({ service: "test", instanceId: "test-1", version: "1.0.0" });

behaviour("the ledger accuses, by id,", { accused: true }, (world) => {
  const accused = (which: "lost" | "unobserved" | "duplicated", id: string) =>
    eventually(
      async () => {
        const ledger = await world().get<Ledger>("/ledger?settleMs=0");
        return ledger[which].ids.includes(id) && ledger;
      },
      // One side that is behind the other is waited for half a minute before that is a loss.
      { what: `${id} to be named as ${which}`, timeoutMs: 60_000 },
    );
  const withBus = async (use: (bus: ReturnType<typeof openBus>) => Promise<void>) => {
    const bus = openBus({
      url: world().urls.BUS_URL,
      name: "test",
      log: createLog({ service: "test", level: "silent" }),
    });
    await bus.connected();
    await use(bus);
    await bus.close();
  };
  const done = async () => {
    const id = await world().submit({ type: "sleep" });
    await world().untilStatus(id, "COMPLETED");
    return id;
  };

  test("nobody while all is well", async () => {
    await done();
    const ledger = await world().settledLedger();
    expect([ledger.lost.count, ledger.unobserved.count, ledger.duplicated.count]).toEqual([0, 0, 0]);
    expect(ledger.accepted).toBe(ledger.completed);
  });

  test("a job whose row was deleted: lost", async () => {
    const id = await done();
    await world().settledLedger();
    await world().sql`delete from jobs where id = ${id}`;
    const ledger = await accused("lost", id);
    expect(ledger.balanced).toBe(false);
    expect(ledger.lost).toEqual({ count: 1, ids: [id] });
  });

  test("a confirmed message that was discarded before intake: lost", async () => {
    const event = createdEvent(
      makeEvent,
      { jobId: newJobId(), jobType: "sleep", payload: { ms: 0 } },
      { correlationId: crypto.randomUUID() },
    );
    // To the observers alone: what intake would have got is gone.
    await withBus((bus) => bus.publish("jobs.transitions", joinEnvelopes([JSON.stringify(event)])));
    expect((await accused("lost", event.payload.jobId)).lost.count).toBe(2);
  });

  test("a terminal event that was discarded before the event store: unobserved", async () => {
    const id = await done();
    await eventually(async () => (await world().job(id)).events.length === 5, { what: "its events" });
    await withStoredEvents(world().urls.EVENTS_URL, (events) => events.forget(eventIdAt(id, 4)));
    expect((await accused("unobserved", id)).unobserved).toEqual({ count: 1, ids: [id] });
  });

  test("a job that passed deduplication once and ended twice: duplicated", async () => {
    const id = await done();
    await world().sql`
      insert into job_transitions (job_id, sequence, run, from_status, to_status, attempt, event_id, at)
      values (${id}, 6, 1, 'EXECUTING', 'COMPLETED', 2, ${eventIdAt(id, 6)}, now())`;
    expect((await accused("duplicated", id)).duplicated).toEqual({ count: 1, ids: [id] });
  });

  test("a terminal event that no transition stands behind: duplicated", async () => {
    const id = await done();
    const twin = makeEvent({
      eventType: "job.completed",
      eventId: crypto.randomUUID(),
      correlationId: crypto.randomUUID(),
      payload: {
        jobId: id,
        jobType: "sleep",
        sequence: 4,
        run: 1,
        attempt: 1,
        from: "EXECUTING",
        to: "COMPLETED",
        durationMs: 1,
        totalMs: 1,
      },
    });
    await withBus((bus) => bus.publish("jobs.transitions", joinEnvelopes([JSON.stringify(twin)])));
    expect((await accused("duplicated", id)).duplicated.ids).toContain(id);
  });
});
