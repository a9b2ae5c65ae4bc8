import { afterAll, beforeAll, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import postgres from "postgres";
import { openJobStore } from "../../services/processor/job-store.ts";
import { createPruneStore } from "../../services/processor/prune-store.ts";
import { sweep } from "../../services/processor/retention.ts";
import { createJobDatabase } from "../../services/read-model/job-database.ts";
import { createLedger } from "../../services/read-model/ledger.ts";
import { createLedgerAudit } from "../../services/read-model/ledger-audit.ts";
import { createBounds } from "../../services/read-model/ledger-bounds.ts";
import { createLedgerKeeper } from "../../services/read-model/ledger-keeper.ts";
import { createLedgerQueries } from "../../services/read-model/ledger-queries.ts";
import { createLedgerSeals } from "../../services/read-model/ledger-seals.ts";
import { createDuty } from "../../shared/duty.ts";
import { createLog } from "../../shared/log.ts";
import { openObservations } from "../../shared/observations/open.ts";
import { openPostgres } from "../../shared/postgres.ts";
import { type StartedEngines, startEngines } from "../../tui/engines/start.ts";
import { growTo } from "../bench/growth/history.ts";
import { createEngineFolder } from "../support/engine-folder.ts";
import { describeOn } from "../support/suite.ts";
import { eventually } from "../support/wait.ts";
import { drainedSnapshot } from "./seed.ts";

const HOUR_MS = 3_600_000;
const JOBS = 400;
const log = createLog({ service: "test", level: "silent" });
const { signal } = new AbortController();

/**
 * Tests the ledger's seals: the stored results of spans of time that have been judged. Hundreds of past jobs are
 * written directly to the stores, because services could not produce that history quickly.
 */
describeOn(["postgres"], "ledger seals", () => {
  const root = createEngineFolder("ledger-seals-");
  let run: StartedEngines<"postgres">;
  let sql: postgres.Sql;
  let past: ReturnType<typeof openObservations>;
  let parts: ReturnType<typeof ledgerOn>;

  beforeAll(async () => {
    run = await startEngines({ root, which: ["postgres"] });
    const { url } = run.engines.postgres;
    const store = openJobStore({ url, max: 2, log });
    await store.migrate(signal);
    await store.close();
    sql = postgres(url, { max: 2, onnotice: () => undefined });
    past = openObservations({
      eventsUrl: url,
      cacheUrl: url,
      log,
      now: () => Date.now() - 60 * HOUR_MS,
    });
    await past.connected();
    await growTo(JOBS, 0, { sql, observations: past, capacity: JOBS });
    parts = ledgerOn(url);
  }, 120_000);
  afterAll(async () => {
    await parts?.close();
    await past?.close();
    await sql?.end();
    await run?.stop();
    rmSync(root, { recursive: true, force: true });
  }, 60_000);

  function ledgerOn(url: string) {
    const stores = [
      createJobDatabase({ url }),
      createJobDatabase({ url, name: "ledger", writes: true }),
    ] as const;
    const queries = createLedgerQueries(stores[0]);
    const seals = createLedgerSeals(stores[1]);
    const shared = { queries, seals, signal, observations: past, now: () => new Date() };
    const bounds = createBounds({ ...shared, retentionMs: 168 * HOUR_MS });
    const keeper = createLedgerKeeper({ ...shared, bounds });
    const ledger = createLedger({ ...shared, keeper, bounds });
    const processor = openPostgres({ url, max: 1, name: "processor", arrays: false });
    return {
      seals,
      keeper,
      audits: createLedgerAudit(seals),
      /** Returns the ledger that a call sees before the first sealing step has finished. */
      async atOnce() {
        await past.recordSnapshot(drainedSnapshot());
        const idle = { ...keeper, advance: async () => undefined };
        return createLedger({ ...shared, keeper: idle, bounds }).compute(0);
      },
      prune: createPruneStore(processor),
      async now() {
        await past.recordSnapshot(drainedSnapshot());
        await keeper.advance(10_000);
        return ledger.compute(0);
      },
      async close() {
        await Promise.all(stores.map((store) => store.close()));
        await processor.end();
      },
    };
  }
  const whole = { accepted: JOBS, completed: 384, failed: 12, cancelled: 4, inFlight: 0, balanced: true };
  const audited = async () => {
    const { id } = await parts.audits.begin();
    for (;;) {
      await parts.keeper.advance(1_000);
      const audit = await parts.audits.find(id);
      if (audit.state === "done") return audit;
    }
  };

  test("report how far behind they are while nothing is sealed", async () => {
    const first = await parts.atOnce();
    expect(first).toMatchObject({ accepted: 0, balanced: true, settled: false, sealedUntil: null });
    expect(first.behindMs).toBeGreaterThan(168 * HOUR_MS);
    expect(first.waitingFor?.[0]).toMatchObject({ what: "ledger", since: null });
  }, 60_000);

  test("count every past job once", async () => {
    const ledger = await parts.now();
    expect(ledger).toMatchObject(whole);
    expect(Date.parse(ledger.sealedUntil ?? "")).toBeGreaterThan(Date.now() - 60_000);
  }, 60_000);

  test("that are small and adjacent merge into one, and the sums stay the same", async () => {
    // Pretend that the newest minutes were sealed in three steps.
    await sql`
      insert into ledger_seals (from_at, until, witnessed, accepted, dead_lettered, completed, failed, cancelled,
        rejected, solid_jobs, solid_ends, rows, rows_check, row_ends, ends_check, accused, late_seen, seen_xid)
      select until - n * interval '1 minute', until - (n - 1) * interval '1 minute', true, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, seen_xid
      from (select * from ledger_seals order by from_at desc limit 1) as last, generate_series(4, 6) as n`;
    await sql`
      update ledger_seals set until = until - interval '6 minutes'
      where until - from_at > interval '1 hour' and witnessed`;
    const before = await sql`select from ledger_seals`;
    const gone = await parts.seals.merge(new Date(), new Date(Date.now() - 168 * HOUR_MS));
    expect(gone).toBe(2);
    expect(await sql`select from ledger_seals`).toHaveLength(before.length - gone);
    const [row] = await sql`select sum(accepted)::int as accepted, sum(rows)::int as rows from ledger_seals`;
    expect(row).toMatchObject({ accepted: JOBS, rows: JOBS });
    await parts.seals.forgetMarks();
  }, 60_000);

  test("keep counting the jobs that retention deletes, and an audit of the remaining jobs finds no fault", async () => {
    await sweep(
      {
        store: parts.prune,
        log,
        duty: createDuty("Pruning", HOUR_MS),
        hours: { jobs: 72, failed: 336 },
        now: () => Date.now() + 60 * HOUR_MS,
      },
      signal,
    );
    const [row] = await sql`select count(*)::int as count from jobs`;
    const pruned = JOBS - Number(row?.count);
    expect(pruned).toBeGreaterThan(50);
    expect(await parts.now()).toMatchObject({ ...whole, pruned });
    expect(await audited()).toMatchObject({ lost: 0, unobserved: 0, duplicated: 0 });
  }, 60_000);

  test("count a lost job even if the ids of some pruned jobs are forgotten, and report no other job as lost", async () => {
    const [lost] = await sql`
      delete from jobs where id = (select id from jobs where status = 'COMPLETED' order by created_at limit 1)
      returning id`;
    await sql`delete from pruned_jobs where id in (select id from pruned_jobs limit 10)`;
    const ledger = await parts.now();
    expect(ledger.lost.count).toBe(1);
    expect(ledger.lost.ids.filter((id) => id !== lost?.id)).toEqual([]);
    expect(ledger.balanced).toBe(false);
  }, 60_000);

  test("that report lost jobs and are always due to be judged again do not delay the daily check or an audit forever", async () => {
    await sql`
      create function stay_due() returns trigger language plpgsql as $$ begin
        if new.accused > 0 or new.vanished > 0 then new.judged_at = now() - interval '3 seconds'; end if;
        return new;
      end $$`;
    await sql`create trigger stay_due before update on ledger_seals for each row execute function stay_due()`;
    const neglected = async () =>
      (await sql`select from ledger_seals where judged_at < now() - interval '1 day'`).length;
    const neglect = () => sql`update ledger_seals set judged_at = now() - interval '2 days'`;

    await neglect();
    expect(await neglected()).toBeGreaterThan(0);
    const onceMore = async () => {
      await parts.keeper.advance(100);
      return (await neglected()) === 0;
    };
    await eventually(onceMore, { what: "the daily check of every seal" });

    const { id } = await parts.audits.begin();
    await sql`update ledger_audits set requested_at = now() - interval '1 hour' where id = ${id}`;
    await neglect();
    const over = async () => (await onceMore()) && (await parts.audits.find(id)).state === "done";
    await eventually(over, { what: "the audit to end" });
  }, 90_000);
});
