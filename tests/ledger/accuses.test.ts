import { describe, expect, test } from "bun:test";
import type { Ledger } from "../../contracts/api-queries.ts";
import { eventIdAt, newJobId } from "../../contracts/ids.ts";
import { openBus } from "../../shared/bus/open.ts";
import { createdEvent } from "../../shared/created-event.ts";
import { createEventMaker, joinEnvelopes } from "../../shared/event.ts";
import { createLog } from "../../shared/log.ts";
import { withStoredEvents } from "../support/stored-events.ts";
import { behavior } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";
import { runAudit } from "./run-audit.ts";

const makeEvent = createEventMaker({ service: "test", instanceId: "test-1", version: "1.0.0" });

behavior("the ledger", { accused: true }, (world) => {
  const accused = (which: "lost" | "unobserved" | "duplicated", id: string) =>
    eventually(
      async () => {
        const ledger = await world().get<Ledger>("/ledger?settleMs=0");
        return ledger[which].ids.includes(id) && ledger;
      },
      // If the job store or the event store is behind the other, the ledger waits half a minute before it counts
      // missing jobs as lost.
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

  test("reports no job while the job store and the event store agree", async () => {
    await done();
    const ledger = await world().settledLedger();
    expect([ledger.lost.count, ledger.unobserved.count, ledger.duplicated.count]).toEqual([0, 0, 0]);
    expect(ledger.accepted).toBe(ledger.completed);
  });

  test("reports a job as lost if its row was deleted", async () => {
    const id = await done();
    await world().settledLedger();
    await world().sql`delete from jobs where id = ${id}`;
    // The ledger waits for a store that is behind the other, so complete one more job that both have.
    await done();
    const ledger = await accused("lost", id);
    expect(ledger.balanced).toBe(false);
    expect(ledger.lost).toEqual({ count: 1, ids: [id] });
  });

  test("reports a job as lost if its confirmed message was discarded before intake", async () => {
    const event = createdEvent(
      makeEvent,
      { jobId: newJobId(), jobType: "sleep", payload: { ms: 0 } },
      { correlationId: crypto.randomUUID() },
    );
    // Publish only to the observers, as if intake's copy had been discarded.
    await withBus((bus) => bus.publish("jobs.transitions", joinEnvelopes([JSON.stringify(event)])));
    expect((await accused("lost", event.payload.jobId)).lost.count).toBe(2);
  });

  test("reports a job as unobserved if the event store lost its terminal event", async () => {
    const id = await done();
    await eventually(async () => (await world().job(id)).events.length === 5, {
      what: "the job's five events",
    });
    await withStoredEvents(world().urls.EVENTS_URL, (events) => events.forget(id, eventIdAt(id, 4)));
    expect((await accused("unobserved", id)).unobserved).toEqual({ count: 1, ids: [id] });
  });

  test("reports a job as duplicated if its transitions end it twice", async () => {
    const id = await done();
    await world().sql`
      insert into job_transitions (job_id, sequence, run, from_status, to_status, attempt, event_id, at)
      values (${id}, 6, 1, 'EXECUTING', 'COMPLETED', 2, ${eventIdAt(id, 6)}, now())`;
    expect((await accused("duplicated", id)).duplicated).toEqual({ count: 1, ids: [id] });
  });

  test("reports a job as duplicated if one of its terminal events has no transition", async () => {
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

  describe("in sealed spans:", () => {
    const ledgerNow = () => world().get<Ledger>("/ledger?settleMs=0");
    /** Submits jobs and waits until the spans in which they ended are sealed. */
    const sealed = async (count: number) => {
      const ids = await world().submitMany(Array.from({ length: count }, () => ({ type: "sleep" })));
      await world().untilAll(ids, "COMPLETED");
      const [row] = await world().sql<{ at: Date }[]>`select max(finished_at) as at from jobs`;
      await eventually(
        async () => {
          const { sealedUntil } = await ledgerNow();
          return sealedUntil != null && new Date(sealedUntil) > row!.at;
        },
        // These tests leave one store behind the other, and the ledger waits half a minute for it.
        { what: "the jobs to be sealed", timeoutMs: 60_000, everyMs: 200 },
      );
      return ids;
    };
    test("an audit finds events that the event store lost and jobs that vanished from both stores", async () => {
      await sealed(1);
      const before = await ledgerNow();
      const [forgotten = "", vanished = ""] = await sealed(2);
      await withStoredEvents(world().urls.EVENTS_URL, async (events) => {
        await events.forget(forgotten, eventIdAt(forgotten, 4));
        await events.forget(vanished, eventIdAt(vanished, 4));
      });
      // A session of the store's owner can bypass the triggers that tell the ledger which rows changed.
      await world().sql.begin(async (tx) => {
        await tx`set local session_replication_role = replica`;
        await tx`update jobs set implied = implied & ~8 where id = ${vanished}`;
      });
      // No store reports these changes, and an ordinary ledger request does not read sealed spans again.
      const plain = await ledgerNow();
      expect(plain.unobserved.ids).not.toContain(forgotten);
      expect(plain.lost.count).toBe(before.lost.count);

      const audited = await runAudit(world());
      expect(audited.checked).toBe(audited.seals);
      const after = await ledgerNow();
      expect(after.unobserved.ids).toContain(forgotten);
      // The vanished job is counted, but its id is no longer known.
      expect(after.lost).toEqual({ count: before.lost.count + 1, ids: before.lost.ids });
      expect(after.balanced).toBe(false);
    }, 120_000);

    test("an ordinary ledger request finds changes to the job store and late events", async () => {
      const { sql } = world();
      const [deleted = "", twice = "", changed = "", late = ""] = await sealed(4);
      const [row] = await sql`delete from jobs where id = ${deleted} returning *`;
      await sql`
        insert into job_transitions (job_id, sequence, run, from_status, to_status, attempt, event_id, at)
        select job_id, 9, 1, 'EXECUTING', 'FAILED', 1, gen_random_uuid(), at from job_transitions
        where job_id = ${twice} and to_status = 'COMPLETED'`;
      await sql`update jobs set status = 'CANCELLED' where id = ${changed}`;
      const twin = makeEvent({
        eventType: "job.cancelled",
        eventId: crypto.randomUUID(),
        correlationId: crypto.randomUUID(),
        occurredAt: new Date(Date.now() - 20_000).toISOString(),
        payload: {
          jobId: late,
          jobType: "sleep",
          sequence: 6,
          run: 1,
          attempt: 1,
          from: "EXECUTING",
          to: "CANCELLED",
          totalMs: 1,
        },
      });
      await withBus((bus) => bus.publish("jobs.transitions", joinEnvelopes([JSON.stringify(twin)])));
      await accused("lost", deleted);
      for (const id of [twice, changed, late]) await accused("duplicated", id);

      await sql`insert into jobs ${sql(row!)}`;
      await eventually(async () => !(await ledgerNow()).lost.ids.includes(deleted), {
        what: "the job to be no longer reported as lost once its row is back",
      });
    }, 120_000);

    test("a read-model killed while sealing leaves a complete seal or none", async () => {
      const before = await ledgerNow();
      const ids = await world().submitMany(Array.from({ length: 600 }, () => ({ type: "sleep" })));
      await world().untilAll(ids, "COMPLETED");
      for (let round = 0; round < 3; round++) {
        const polls = Promise.allSettled(Array.from({ length: 3 }, ledgerNow));
        await world().running["read-model"].kill();
        await polls;
        await world().start("read-model");
      }
      const ledger = await eventually(
        async () => {
          const found = await ledgerNow();
          return found.completed === before.completed + ids.length && found;
        },
        { what: "every job to be in the ledger once", timeoutMs: 60_000 },
      );
      expect(ledger.accepted).toBe(before.accepted + ids.length);
      const gaps = await world().sql`
        select from (select from_at, lag(until) over (order by from_at) as last from ledger_seals) as s
        where last is not null and last <> from_at`;
      expect(gaps).toHaveLength(0);
    }, 120_000);
  });
});
