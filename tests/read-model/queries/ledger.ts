import { beforeEach, describe, expect, test } from "bun:test";
import type { Ledger } from "../../../contracts/api-queries.ts";
import { createdEventId, eventIdAt, newJobId } from "../../../contracts/ids.ts";
import type { Problem } from "../../../contracts/problem.ts";
import { eventually } from "../../support/wait.ts";
import { drainedSnapshot, seedDeadLetter, seedJob, seedWorker, terminalEvent } from "../seed.ts";
import { ago, type QueriedModel } from "./queried-model.ts";

/** Tests how the ledger judges accepted jobs. */
export function describeLedger({ get, world }: QueriedModel): void {
  describe("ledger", () => {
    const ledgerNow = async () => (await get<Ledger>("/ledger?settleMs=0")).body;
    /**
     * Has all jobs judged again: it deletes the stored results ("seals"), because the read-model may have judged jobs
     * that a test had only partly written.
     */
    const ledger = async () => {
      await world().sql`truncate ledger_seals, ledger_accusations`;
      let report = await ledgerNow();
      // Sealing, which judges jobs and stores the results, starts over at the first job. Each call seals only a few
      // jobs, so several calls may be needed.
      await eventually(
        async () => {
          report = await ledgerNow();
          return !report.waitingFor?.some(({ what }) => what === "ledger");
        },
        { what: "the ledger to catch up" },
      );
      return report;
    };

    /** Seeds a balanced state: ten completed jobs, one failed, one in flight and one dead letter. */
    async function balance() {
      const jobs = [];
      for (let n = 0; n < 10; n++) jobs.push(await seedJob(world().sql, { createdAt: ago(120_000 - n) }));
      jobs.push(await seedJob(world().sql, { status: "FAILED", createdAt: ago(100_000) }));
      jobs.push(await seedJob(world().sql, { status: "VALIDATED", createdAt: ago(90_000) }));
      const conflict = await seedJob(world().sql, { status: "VALIDATED", createdAt: ago(80_000) });
      const created = conflict.events[0];
      await world().sql`delete from jobs where id = ${conflict.id}`;
      await world().sql`delete from job_transitions where job_id = ${conflict.id}`;
      await seedDeadLetter(world().sql, {
        eventId: created?.eventId,
        jobId: conflict.id,
        diedAt: ago(79_000),
      });
      await world().observations.record([...jobs.flatMap(({ events }) => events), ...conflict.events]);
      await world().observations.recordSnapshot(drainedSnapshot());
      return jobs;
    }

    beforeEach(async () => {
      await world().forgetEvents();
    });

    test("balances when the job store and the event store have every accepted job", async () => {
      await balance();
      expect(await ledger()).toMatchObject({
        accepted: 13,
        completed: 10,
        failed: 1,
        inFlight: 1,
        deadLettered: 1,
        lost: { count: 0 },
        unobserved: { count: 0 },
        duplicated: { count: 0 },
        deadLetters: 1,
        balanced: true,
        settled: false,
      });
    });

    test("is not settled while a killed worker's job is orphaned, and lists the reasons", async () => {
      await seedWorker(world().sql, "w-killed", 8_000);
      const { events } = await seedJob(world().sql, {
        status: "EXECUTING",
        workerId: "w-killed",
        createdAt: ago(4_000),
      });
      await world().observations.record(events);
      await world().observations.recordSnapshot(drainedSnapshot());
      const report = await ledger();
      expect(report).toMatchObject({ accepted: 0, inFlight: 0, balanced: true, settled: false, settleMs: 0 });
      expect(report.behindMs).toBeGreaterThanOrEqual(8_000);
      expect(report.waitingFor?.map(({ what, name }) => [what, name])).toEqual([
        ["worker", "w-killed"],
        ["jobs", undefined],
      ]);
      expect(report.waitingFor?.[0]?.message).toMatch(
        /^Worker w-killed, last heard from \d+\.\d s ago, holding 1 job$/,
      );
    });

    test("accepts only a few settle times and lists them in the refusal", async () => {
      expect((await get<Ledger>("/ledger?settleMs=30000")).body.settleMs).toBe(30_000);
      const { status, body } = await get<Problem>("/ledger?settleMs=7000");
      expect([status, body.code]).toEqual([400, "INVALID_QUERY"]);
      expect(body.detail).toEndWith("expected one of 0, 1000, 5000, 30000, 60000");
    });

    test("names a job as lost if its row is missing", async () => {
      const [job] = await balance();
      await world().sql`delete from jobs where id = ${job!.id}`;
      expect(await ledger()).toMatchObject({
        accepted: 13,
        lost: { count: 1, ids: [job!.id] },
        unobserved: { count: 0 },
        duplicated: { count: 0 },
        balanced: false,
      });
      await world().sql`delete from job_transitions where job_id = ${job!.id}`;
      expect(await ledger()).toMatchObject({ lost: { count: 1, ids: [job!.id] }, duplicated: { count: 0 } });
    });

    test("names a job as unobserved if one of its events is missing", async () => {
      await balance();
      const unseen = await seedJob(world().sql, { createdAt: ago(70_000) });
      const half = await seedJob(world().sql, { createdAt: ago(70_000) });
      await world().observations.record(half.events.slice(0, 1));
      const report = await ledger();
      expect(report).toMatchObject({
        accepted: 14,
        lost: { count: 0 },
        duplicated: { count: 0 },
        balanced: false,
      });
      expect(report.unobserved.count).toBe(2);
      expect(report.unobserved.ids.sort()).toEqual([unseen.id, half.id].sort());
    });

    test("names a job as duplicated if it has two outcomes in either store", async () => {
      const [inStore, inEvents] = await balance();
      await world()
        .sql`insert into job_transitions (job_id, sequence, run, from_status, to_status, attempt, event_id, at)
        values (${inStore!.id}, 4, 1, 'EXECUTING', 'FAILED', 2, ${eventIdAt(inStore!.id, 4)}, ${ago(60_000)})`;
      await world().observations.record([
        terminalEvent({
          id: inStore!.id,
          status: "FAILED",
          eventId: eventIdAt(inStore!.id, 4),
          at: ago(60_000),
        }),
        terminalEvent({ id: inEvents!.id, eventId: eventIdAt(inEvents!.id, 9), at: ago(60_000) }),
      ]);
      const report = await ledger();
      expect(report).toMatchObject({ lost: { count: 0 }, unobserved: { count: 0 }, balanced: false });
      expect(report.duplicated.ids.sort()).toEqual([inStore!.id, inEvents!.id].sort());
    });

    test("accepts a second outcome from another run, and a job without events that is older than the event store's retention", async () => {
      const [job] = await balance();
      const again = { id: job!.id, eventId: eventIdAt(job!.id, 6), at: ago(60_000) };
      await world()
        .sql`insert into job_transitions (job_id, sequence, run, from_status, to_status, attempt, event_id, at)
        values (${again.id}, 6, 2, 'EXECUTING', 'COMPLETED', 2, ${again.eventId}, ${again.at})`;
      await world().observations.record([terminalEvent(again)]);
      await seedJob(world().sql, { createdAt: ago(200 * 3_600_000) });
      const report = await ledger();
      expect(report).toMatchObject({ accepted: 14, balanced: true });
      expect(Date.parse(report.from ?? "")).toBeGreaterThan(ago(168 * 3_600_000).getTime());
    });

    test("does not judge jobs whose events may still be in transit", async () => {
      await balance();
      await seedJob(world().sql, { createdAt: ago(5_000) });
      // The judged span ends just before the newest stored event, so the job of that event is not judged yet.
      const held = await ledger();
      expect(held).toMatchObject({ accepted: 12, balanced: true });
      expect(Date.parse(held.watermark)).toBeLessThan(ago(20_000).getTime());
      await world().observations.recordSnapshot(drainedSnapshot(new Date(), { "jobs.created": 1 }));
      const accepted = { id: newJobId(), at: ago(40_000) };
      await world().observations.record([
        (await seedJob(world().sql, { id: accepted.id, createdAt: accepted.at })).events[0]!,
      ]);
      await world().sql`delete from jobs where id = ${accepted.id}`;
      expect(await ledger()).toMatchObject({ balanced: true });
    });

    test("counts thousands of lost jobs but lists the ids of only a hundred", async () => {
      await balance();
      const events = Array.from({ length: 2_500 }, (_, n) => {
        const id = newJobId();
        return terminalEvent({ id, eventId: createdEventId(id, String(n)), at: ago(60_000) });
      });
      await world().observations.record(events);
      const { lost, balanced } = await ledger();
      expect([lost.count, lost.ids.length, balanced]).toEqual([2_500, 100, false]);
    });

    test("serves concurrent requests with one computation", async () => {
      await balance();
      const holder = await world().sql.reserve();
      await holder`begin`;
      await holder`lock table ledger_seals in access exclusive mode`;
      const asked = Array.from({ length: 6 }, ledgerNow);
      // The computation waits for the locked table. The server replies in order of arrival, so once these probes
      // return, all six requests have arrived.
      for (let n = 0; n < 3; n++) expect((await get("/healthz")).status).toBe(200);
      await holder`rollback`;
      holder.release();
      const replies = await Promise.all(asked);
      expect(new Set(replies.map(({ watermark }) => watermark)).size).toBe(1);
    });
  });
}
