import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync } from "node:fs";
import postgres from "postgres";
import { ConfigError } from "../../../shared/config.ts";
import { createLog } from "../../../shared/log.ts";
import { openObservations } from "../../../shared/observations/open.ts";
import type { Observations } from "../../../shared/observations/port.ts";
import type { Engine } from "../../../tui/engines/engine.ts";
import { startPostgres } from "../../../tui/engines/postgres.ts";
import { createEngineFolder } from "../../support/engine-folder.ts";
import { storeOldInPostgres } from "../../support/old-observations.ts";
import { sampleEvents } from "../../support/sample-events.ts";
import { describeOn } from "../../support/suite.ts";
import { createTcpProxy } from "../../support/tcp-proxy.ts";
import { eventually } from "../../support/wait.ts";
import { shortProgram } from "../observations/short-program.ts";
import type { ObservationsWorld, WorldObservationsOptions } from "../observations/world.ts";
import { describeObservations } from "../observations.ts";

// When a test times out, the runner kills every process it started, including the engine. The limit is generous, so
// that a failing test ends with its own message, which names the problem.
setDefaultTimeout(60_000);

const log = createLog({ service: "test", level: process.env.TEST_LOG ? "debug" : "silent" });

test("two URLs that do not name the same database are refused before any connection opens", () => {
  for (const [eventsUrl, cacheUrl] of [
    ["postgres://127.0.0.1/x", "postgres://127.0.0.1/y"],
    ["postgres://127.0.0.1:1/x", "postgres://127.0.0.1:2/x"],
    ["postgres://127.0.0.1/x", "redis://127.0.0.1/x"],
    ["mongodb://127.0.0.1/x", "postgres://127.0.0.1/x"],
  ] as const)
    expect(() => openObservations({ eventsUrl, cacheUrl, log })).toThrow(ConfigError);
});

describeOn(["postgres"], "PostgreSQL", () => {
  const dataDir = createEngineFolder("observations-postgres-");
  let engine: Engine;
  beforeAll(async () => {
    engine = await startPostgres({ dataDir });
  });
  afterAll(async () => {
    await engine?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const makeWorld = () => createObservationsWorld(engine);

  describeObservations("PostgreSQL", makeWorld);

  test("two URLs that name the same database are accepted, even if they are spelled differently", async () => {
    await using world = await makeWorld();
    const other = new URL(world.url);
    other.protocol = "postgresql:";
    const observations = openObservations({
      eventsUrl: world.url,
      cacheUrl: `${other}?sslmode=disable`,
      log,
    });
    await observations.connected(AbortSignal.timeout(20_000));
    expect(await observations.health()).toEqual({ postgres: true });
    await observations.close();
  });

  test("a follower of the live feed misses no entry when writers commit concurrently", async () => {
    await using world = await makeWorld();
    const [reader, ...writers] = [1, 2, 3, 4].map(() => world.openElsewhere());
    await reader!.record(sampleEvents(1, "job.created"));
    const seen: string[] = [];
    const abort = new AbortController();
    const following = (async () => {
      for await (const { deltas } of reader!.follow("1-0", abort.signal))
        seen.push(...deltas.map(({ jobId }) => jobId));
    })();
    const events = sampleEvents(600, "job.validated");
    await Promise.all(events.map((event, n) => writers[n % writers.length]!.record([event])));
    await eventually(() => events.every(({ payload }) => seen.includes(payload.jobId)), {
      what: "every event to be delivered",
    });
    expect(seen).toHaveLength(events.length + 1);
    abort.abort();
    await following;
  });

  test("if a batch contains events that are already stored, only its new events are recorded", async () => {
    await using world = await makeWorld();
    const observations = world.openElsewhere();
    const events = sampleEvents(1_000, "job.completed");
    const old = events.filter((_, n) => n % 3 === 0);
    await observations.record(old);
    const { fresh } = await observations.record(events);
    expect(fresh).toEqual(events.filter((_, n) => n % 3 !== 0));
    expect((await observations.totals()).counters).toMatchObject({ completed: 1_000, events: 1_000 });
  });

  test("recording a batch reads the rows of the batch's jobs and of no other jobs", async () => {
    await using world = await makeWorld();
    const observations = world.openElsewhere();
    for (let n = 0; n < 10; n++) await observations.record(sampleEvents(2_000, "job.created"));
    await world.sql`analyze observations.seen`;
    const rows = async () => {
      const [row] = await world.sql<{ read: number }[]>`
        select (seq_tup_read + idx_tup_fetch)::int as read from pg_stat_user_tables where relname = 'seen'`;
      return row?.read ?? 0;
    };
    const before = await rows();
    for (let n = 0; n < 5; n++) await observations.record(sampleEvents(400, "job.created"));
    // PostgreSQL adds a session's reads to its statistics at the latest when the session ends, so end it first.
    await observations.close();
    expect((await rows()) - before).toBeLessThan(10_000);
  });

  test("dropped tables are recreated, and following from an id of the dropped feed reports a gap", async () => {
    await using world = await makeWorld();
    const observations = world.openElsewhere();
    await observations.record(sampleEvents(2, "job.created"));
    const before = await firstOf(observations, "1-0");
    await world.sql`drop schema observations cascade`;
    const events = sampleEvents(3, "job.created");
    await eventually(() => observations.record(events), { what: "recording" });
    expect((await observations.totals()).counters.events).toBe(3);
    const after = await firstOf(observations, before.id);
    expect(after.deltas).toHaveLength(3);
    expect(after.dropped).toBeGreaterThan(0);
  });

  test("a terminated listening connection is reopened", async () => {
    await using world = await makeWorld();
    const observations = world.openElsewhere();
    const abort = new AbortController();
    const seen: string[] = [];
    const following = (async () => {
      for await (const { deltas } of observations.follow(null, abort.signal))
        seen.push(...deltas.map(({ jobId }) => jobId));
    })();
    const listening = () => world.sql<{ pid: number }[]>`
      select pid from pg_stat_activity
      where datname = current_database() and query ilike 'listen%observations_feed%'`;
    const [first] = await eventually(async () => (await listening()).length > 0 && (await listening()), {
      what: "a listening connection",
    });
    await world.sql`select pg_terminate_backend(${first!.pid})`;
    await eventually(async () => (await listening()).some(({ pid }) => pid !== first!.pid), {
      what: "a new listening connection",
    });
    const [event] = sampleEvents(1, "job.created");
    await observations.record([event!]);
    await eventually(() => seen.includes(event!.payload.jobId), { what: "the event to be delivered" });
    abort.abort();
    await following;
  });

  test("pruning deletes the counts of minutes that are too old for any series, and keeps the totals", async () => {
    await using world = await makeWorld();
    let now = Date.now();
    const observations = world.openElsewhere({ now: () => now });
    await observations.record(sampleEvents(4, "job.executed", { at: now }));
    const minutes = async () =>
      (await world.sql`select distinct minute from observations.counted where minute > 0`).length;
    now += 24 * 3_600_000;
    await observations.prune(new Date(0));
    expect(await minutes()).toBe(1);
    now += 2 * 3_600_000;
    await observations.prune(new Date(0));
    expect(await minutes()).toBe(0);
    expect((await observations.totals()).execution.count).toBe(4);
  });

  test("every event query uses an index", async () => {
    await using world = await makeWorld();
    const observations = world.openElsewhere();
    await observations.record(sampleEvents(100, "job.created"));
    // With so few rows, the planner prefers sequential scans. With these disabled, the plan shows whether an index can
    // serve the query.
    await world.sql`set enable_seqscan = off`;
    await world.sql`set enable_bitmapscan = off`;
    const id = crypto.randomUUID();
    for (const [index, table, question] of [
      ["seen_pkey", "seen", `where job_id = '${id}'`],
      ["batches_pkey", "batches", "where id = 5"],
      ["batches_time", "batches", "where (at_max, id) < (9, 9) order by at_max desc, id desc limit 4"],
      [
        "batches_failed",
        "batches",
        "where 'job.failed' = any(types) and at_max < 5 order by at_max desc, id desc limit 4",
      ],
      [
        "events_job",
        "events",
        `where job_id = '${crypto.randomUUID()}' order by sequence, event_id limit 50`,
      ],
      [
        "events_time",
        "events",
        `where (at, event_id) < (1, '${crypto.randomUUID()}') order by at desc, event_id desc limit 50`,
      ],
      [
        "events_type_time",
        "events",
        "where event_type = 'job.failed' and at < 5 order by at desc, event_id desc limit 50",
      ],
    ] as const) {
      const plan = await world.sql.unsafe(`explain select * from observations.${table} ${question}`);
      const text = plan.map((line) => line["QUERY PLAN"]).join("\n");
      expect(text).toContain(index);
      expect(text).not.toContain("Sort");
    }
  });
});

async function firstOf(observations: Observations, id: string) {
  for await (const entry of observations.follow(id, AbortSignal.timeout(10_000))) return entry;
  throw new Error("the feed ended");
}

/** Creates a database on the shared engine, with a proxy in front of it. */
async function createObservationsWorld(engine: Engine) {
  const name = `o${crypto.randomUUID().slice(0, 8)}`;
  const admin = postgres(engine.url, { max: 1, onnotice: () => undefined });
  await admin.unsafe(`create database ${name}`);
  const proxy = await createTcpProxy({ targetPort: engine.port });
  const at = (port: number) => {
    const target = new URL(engine.url);
    target.pathname = `/${name}`;
    target.port = String(port);
    return target.href;
  };
  const url = at(engine.port);
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  const opened: Observations[] = [];
  const open = (through: string, options?: WorldObservationsOptions) => {
    const observations = openObservations({ eventsUrl: through, cacheUrl: through, log, ...options });
    opened.push(observations);
    return observations;
  };

  async function dispose(): Promise<void> {
    proxy.restore();
    await Promise.all(opened.map((observations) => observations.close()));
    await sql.end();
    await admin.unsafe(`drop database ${name} with (force)`);
    await admin.end();
    await proxy.close();
  }

  return {
    engines: ["postgres"],
    open: (options?: WorldObservationsOptions) => open(at(proxy.port), options),
    openElsewhere: (options?: WorldObservationsOptions) => open(url, options),
    cut: proxy.cut,
    freeze: proxy.freeze,
    slow: (ms: number) => proxy.delay(ms),
    restore: proxy.restore,
    connections: () => proxy.open,
    storeOld: (events) => storeOldInPostgres(sql, events),
    shortProgram: () => shortProgram({ eventsUrl: url, cacheUrl: url }),
    dispose,
    url,
    sql,
    [Symbol.asyncDispose]: dispose,
  } satisfies ObservationsWorld & Record<PropertyKey, unknown>;
}
