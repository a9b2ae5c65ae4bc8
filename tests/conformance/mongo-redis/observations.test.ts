import { beforeAll, expect, test } from "bun:test";
import { Redis } from "ioredis";
import { MongoClient } from "mongodb";
import { ConfigError } from "../../../shared/config.ts";
import { createLog } from "../../../shared/log.ts";
import { EVENT_INDEXES } from "../../../shared/observations/mongo/alone.ts";
import { BATCH_INDEXES } from "../../../shared/observations/mongo/batches.ts";
import { OPERATION_MS } from "../../../shared/observations/mongo/link.ts";
import { openObservations } from "../../../shared/observations/open.ts";
import type { Observations } from "../../../shared/observations/port.ts";
import { testEngines } from "../../support/engines.ts";
import { storeOldInMongo } from "../../support/old-observations.ts";
import { sampleEvents } from "../../support/sample-events.ts";
import { describeOn } from "../../support/suite.ts";
import { createTcpProxy } from "../../support/tcp-proxy.ts";
import { eventually } from "../../support/wait.ts";
import { shortProgram } from "../observations/short-program.ts";
import { connected, type ObservationsWorld, type WorldObservationsOptions } from "../observations/world.ts";
import { describeObservations } from "../observations.ts";

const log = createLog({ service: "test", level: process.env.TEST_LOG ? "debug" : "silent" });
const ENGINES = ["mongo", "redis"] as const;

test("URLs other than a MongoDB URL and a Redis URL are refused before any connection opens", () => {
  for (const [eventsUrl, cacheUrl] of [
    ["mongodb://127.0.0.1/x", "mongodb://127.0.0.1/x"],
    ["redis://127.0.0.1/x", "redis://127.0.0.1/x"],
    ["postgres://127.0.0.1/x", "redis://127.0.0.1/x"],
    ["nonsense", ""],
  ] as const)
    expect(() => openObservations({ eventsUrl, cacheUrl, log })).toThrow(ConfigError);
});

describeOn(ENGINES, "MongoDB and Redis", () => {
  // Starts the engines here, so that the first test's time limit does not include their start.
  beforeAll(async () => void (await testEngines(ENGINES)));

  describeObservations("MongoDB and Redis", makeWorld);

  test("a call that died after claiming its events is completed by the next call, even in another instance", async () => {
    await using world = await makeWorld();
    const observations = await connected(world.open());
    const events = sampleEvents(10, "job.completed");
    world.cut("mongodb");
    await expect(observations.record(events)).rejects.toMatchObject({ facts: { engine: "mongodb" } });
    expect(await world.redis.hlen(world.key("claims"))).toBe(10);
    const elsewhere = await connected(world.openElsewhere());
    expect((await elsewhere.record(events.slice(0, 6))).fresh).toHaveLength(6);
    world.restore();
    const { fresh } = await eventually(() => observations.record(events), { what: "recording" });
    expect(fresh.map(({ eventId }) => eventId)).toEqual(events.slice(6).map(({ eventId }) => eventId));
    expect((await observations.totals()).counters).toMatchObject({ completed: 10, events: 10 });
    expect(await world.redis.hlen(world.key("claims"))).toBe(0);
  });

  test("a call that died after storing its events is completed by the next call", async () => {
    await using world = await makeWorld();
    const observations = await connected(world.open());
    const elsewhere = await connected(world.openElsewhere());
    const events = sampleEvents(10, "job.completed");
    world.slow(300, "mongodb");
    const call = observations.record(events).catch((error: unknown) => error);
    await eventually(async () => (await elsewhere.events({ limit: 20 })).items.length === 10, {
      what: "the events to be stored",
      everyMs: 2,
    });
    // MongoDB's reply is still in transit.
    world.cut("redis");
    expect(await call).toMatchObject({ code: "STORE_UNAVAILABLE", facts: { engine: "redis" } });
    expect((await elsewhere.totals()).counters.events).toBe(0);
    world.restore();
    const { fresh } = await eventually(() => observations.record(events), { what: "recording" });
    expect(fresh).toHaveLength(10);
    expect((await observations.totals()).counters).toMatchObject({ completed: 10, events: 10 });
    expect(await world.redis.hlen(world.key("claims"))).toBe(0);
  });

  test("scripts are loaded again after Redis loses them", async () => {
    await using world = await makeWorld();
    const observations = await connected(world.open());
    await observations.record(sampleEvents(1, "job.created"));
    await world.redis.script("FLUSH");
    await observations.record(sampleEvents(1, "job.created"));
    expect((await observations.totals()).counters.events).toBe(2);
  });

  test("the number of remembered ids stays bounded", async () => {
    await using world = await makeWorld();
    const observations = await connected(world.open({ maxSeen: 50 }));
    for (let n = 0; n < 12; n++) await observations.record(sampleEvents(20, "job.validated"));
    const remembered = await Promise.all(
      ["seen", "seen:before"].map((name) => world.redis.scard(world.key(name))),
    );
    expect(remembered[0]).toBeLessThan(50);
    expect(remembered[1]).toBeLessThan(50 + 20);
  });

  test("per-minute keys expire, totals do not, and every key starts with the prefix", async () => {
    await using world = await makeWorld();
    const observations = await connected(world.open());
    await observations.record(sampleEvents(3, "job.executed"));
    await observations.record(sampleEvents(3, "job.completed"));
    const keys = await world.redis.keys(world.key("*"));
    expect(keys.length).toBeGreaterThan(4);
    for (const key of keys) {
      const ttl = await world.redis.ttl(key);
      expect({ key, expires: ttl > 0 }).toEqual({ key, expires: key.includes(":minute:") });
      expect(ttl).toBeLessThanOrEqual(25 * 60 * 60);
    }
  });

  test("while one engine is down, the other's data is still served", async () => {
    await using world = await makeWorld();
    const observations = await connected(world.open());
    await observations.record(sampleEvents(2, "job.completed"));
    world.cut("mongodb");
    expect((await observations.totals()).counters.completed).toBe(2);
    await expect(observations.events({ limit: 1 })).rejects.toMatchObject({ facts: { engine: "mongodb" } });
    world.restore();
    world.cut("redis");
    await eventually(async () => (await observations.events({ limit: 5 })).items.length === 2, {
      what: "events to be read",
    });
    await expect(observations.totals()).rejects.toMatchObject({ facts: { engine: "redis" } });
  });

  test("MongoDB has every required index", async () => {
    await using world = await makeWorld();
    await connected(world.open());
    const client = new MongoClient(world.eventsUrl);
    const events = await client.db().collection("events").indexes();
    const batches = await client.db().collection("batches").indexes();
    await client.close();
    for (const { name, key } of EVENT_INDEXES)
      expect(events.find((index) => index.name === name)?.key).toEqual(key);
    for (const { name, key } of BATCH_INDEXES)
      expect(batches.find((index) => index.name === name)?.key).toEqual(key);
  });

  test("a job's events are found through the job id index if the server uses indexes", async () => {
    await using world = await makeWorld();
    const observations = await connected(world.open());
    await observations.record(sampleEvents(20, "job.created"));
    const client = new MongoClient(world.eventsUrl);
    const find = { find: "batches", filter: { jobs: "x" } };
    const plan = JSON.stringify(await client.db().command({ explain: find }));
    await client.close();
    // FerretDB 1.24 creates the index but never uses it; docs/support.md describes the cost.
    expect(plan).toContain(world.product.startsWith("MongoDB") ? '"jobs"' : '"filterPushdown":false');
  });

  test("reads never starve recording, and abandoned reads are cancelled", async () => {
    await using world = await makeWorld();
    const recorder = await connected(world.open());
    for (let n = 0; n < 12; n++) await recorder.record(sampleEvents(1_000, "job.created"));
    const recordMs = async () => {
      const startedAt = performance.now();
      await recorder.record(sampleEvents(100, "job.created"));
      return performance.now() - startedAt;
    };
    const atRest = Math.max(await recordMs(), await recordMs());

    // Each read costs FerretDB a second, so four read-models issue far more reads than it can serve.
    let reading = true;
    const readers = Array.from({ length: 4 }, () => world.openElsewhere());
    const loops = readers.flatMap((reader) =>
      Array.from({ length: 10 }, async () => {
        while (reading) {
          const answer = await reader
            .events({ jobId: crypto.randomUUID(), limit: 500 })
            .catch((error: unknown) => error);
          if (!(answer instanceof Error)) continue;
          expect(answer).toMatchObject({ code: "STORE_UNAVAILABLE", facts: { engine: "mongodb" } });
          await Bun.sleep(20);
        }
      }),
    );
    // When abandoned reads were not cancelled, recording came to a halt within a few seconds.
    const until = performance.now() + 12_000;
    while (performance.now() < until) expect(await recordMs()).toBeLessThan(5_000);
    reading = false;
    await Promise.all(loops);
    await eventually(async () => (await recordMs()) < 3 * atRest + 200, {
      what: "recording to be as fast as before",
      timeoutMs: 4_000,
    });
  });

  test("recording survives when every connection breaks during a read", async () => {
    await using world = await makeWorld();
    const observations = await connected(world.open());
    await observations.record(sampleEvents(1, "job.created"));
    world.freeze("mongodb");
    const reading = observations
      .storedIds([{ eventId: crypto.randomUUID(), jobId: crypto.randomUUID() }])
      .catch((error: unknown) => error);
    // The driver checks its server at most every half second. After this pause, the read is in progress and the driver
    // may check again.
    await Bun.sleep(700);
    world.cut("mongodb");
    world.restore();
    expect(await reading).toMatchObject({ code: "STORE_UNAVAILABLE", facts: { engine: "mongodb" } });
    await eventually(() => observations.record(sampleEvents(1, "job.created")), {
      what: "recording",
      timeoutMs: 5_000,
    });
    expect((await observations.totals()).counters.events).toBe(2);
  });

  test("a ledger pass over the events may take longer than the time limit of other operations", async () => {
    await using world = await makeWorld();
    const observations = await connected(world.open());
    const events = sampleEvents(3, "job.created");
    await observations.record(events);
    const all = { from: new Date(0), before: new Date(Date.now() + 60_000) };
    const expected = await observations.ledgerSums(all);
    world.freeze("mongodb");
    const sums = observations.ledgerSums(all);
    await Bun.sleep(OPERATION_MS + 500);
    world.restore();
    expect(await sums).toEqual(expected);
  });

  test("connections whose packets are lost are replaced, both for recording and for the feed", async () => {
    await using world = await makeWorld();
    const observations = await connected(world.open());
    const abort = new AbortController();
    const jobIds: string[] = [];
    const following = (async () => {
      for await (const { deltas } of observations.follow(null, abort.signal))
        jobIds.push(...deltas.map(({ jobId }) => jobId));
    })();
    await eventually(
      async () => {
        await observations.record(sampleEvents(1, "job.created"));
        return jobIds.length > 0;
      },
      { what: "the feed to be followed" },
    );
    const events = sampleEvents(1, "job.completed");
    world.strand();
    await eventually(() => observations.record(events), { what: "recording", timeoutMs: 20_000 });
    await eventually(() => jobIds.includes(events[0]?.payload.jobId ?? ""), {
      what: "the event on the feed",
      timeoutMs: 10_000,
    });
    abort.abort();
    await following;
  });

  test("following the feed from an id that it no longer holds reports a gap immediately", async () => {
    await using world = await makeWorld();
    const observations = await connected(world.open());
    for await (const entry of observations.follow("1-1", AbortSignal.timeout(10_000))) {
      expect(entry).toMatchObject({ deltas: [], dropped: 1 });
      break;
    }
  });
});

/** Creates a database and a key prefix on the shared engines, with proxies in front of them. */
async function makeWorld() {
  const engines = await testEngines(ENGINES);
  const name = `o${crypto.randomUUID().slice(0, 8)}`;
  const at = (url: string, port?: number) => {
    const target = new URL(url);
    target.pathname = `/${name}`;
    if (port) target.port = String(port);
    return target.href;
  };
  const proxies = {
    mongodb: await createTcpProxy({ targetPort: engines.mongo.port }),
    redis: await createTcpProxy({ targetPort: engines.redis.port }),
  };
  const some = (engine?: string) =>
    Object.entries(proxies).flatMap(([one, proxy]) =>
      engine === undefined || one === engine ? [proxy] : [],
    );
  const eventsUrl = at(engines.mongo.url);
  const redis = new Redis(engines.redis.url, { lazyConnect: true });
  const opened: Observations[] = [];
  const open = (urls: { eventsUrl: string; cacheUrl: string }, options?: WorldObservationsOptions) => {
    const observations = openObservations({ ...urls, log, ...options });
    opened.push(observations);
    return observations;
  };

  async function dispose(): Promise<void> {
    for (const proxy of some()) proxy.restore();
    await Promise.all(opened.map((observations) => observations.close()));
    const keys = await redis.keys(`${name}:*`);
    if (keys.length > 0) await redis.del(keys);
    redis.disconnect();
    const client = new MongoClient(eventsUrl);
    await client.db().dropDatabase();
    await client.close();
    for (const proxy of some()) await proxy.close();
  }

  const elsewhere = { eventsUrl, cacheUrl: at(engines.redis.url) };
  const world = {
    engines: Object.keys(proxies),
    product: engines.mongo.product,
    open: (options?: WorldObservationsOptions) =>
      open(
        {
          eventsUrl: at(engines.mongo.url, proxies.mongodb.port),
          cacheUrl: at(engines.redis.url, proxies.redis.port),
        },
        options,
      ),
    openElsewhere: (options?: WorldObservationsOptions) => open(elsewhere, options),
    cut(engine?: string) {
      for (const proxy of some(engine)) proxy.cut();
    },
    freeze(engine: string) {
      for (const proxy of some(engine)) proxy.freeze();
    },
    strand() {
      for (const proxy of some()) proxy.strand();
    },
    slow(ms: number, engine?: string) {
      for (const proxy of some(engine)) proxy.delay(ms);
    },
    restore() {
      for (const proxy of some()) proxy.restore();
    },
    connections: () => some().reduce((sum, proxy) => sum + proxy.open, 0),
    storeOld: (events) => storeOldInMongo({ eventsUrl, redis, prefix: `${name}:` }, events),
    shortProgram: () => shortProgram(elsewhere),
    dispose,
    eventsUrl,
    redis,
    key: (suffix: string) => `${name}:${suffix}`,
    [Symbol.asyncDispose]: dispose,
  } satisfies ObservationsWorld & Record<PropertyKey, unknown>;
  return world;
}
