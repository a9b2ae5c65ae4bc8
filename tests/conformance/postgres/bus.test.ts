import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { openBus } from "../../../shared/bus/open.ts";
import type { Bus } from "../../../shared/bus/port.ts";
import { createLog } from "../../../shared/log.ts";
import { createMetrics } from "../../../shared/metrics.ts";
import type { Engine } from "../../../tui/engines/engine.ts";
import { missingEngines } from "../../../tui/engines/missing.ts";
import { startPostgres } from "../../../tui/engines/postgres.ts";
import { createTcpProxy } from "../../support/tcp-proxy.ts";
import { eventually } from "../../support/wait.ts";
import { type BusWorld, describeBus } from "../bus.ts";

setDefaultTimeout(120_000);

const missing = missingEngines(["postgres"]);
for (const { problem, remedy } of missing)
  console.warn(`tests/conformance/postgres/bus.test.ts is left out: ${problem}; try: ${remedy}`);

const log = createLog({ service: "test", level: process.env.TEST_LOG ? "debug" : "silent" });
let engine: Engine;
let worlds = 0;

describe.skipIf(missing.length > 0 && !process.env.CI)("PostgreSQL", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "bus-postgres-"));
  beforeAll(async () => {
    // The server runs as another user, who must be able to enter.
    chmodSync(dataDir, 0o755);
    engine = await startPostgres({ dataDir });
  });
  afterAll(async () => {
    await engine?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  describeBus("PostgreSQL", makeWorld);

  test("a message published while nothing is waiting reaches its handler within milliseconds", async () => {
    await using world = await makeWorld();
    const bus = await connected(world.openElsewhere());
    const delays: number[] = [];
    let sentAt = 0;
    bus.consume("jobs.created", { maxBatch: 10, prefetch: 20 }, async () => {
      delays.push(performance.now() - sentAt);
    });
    await eventually(async () => (await bus.depths())[0]?.consumers === 1, {
      what: "the consumer to be registered",
    });
    for (let n = 1; n <= 20; n++) {
      sentAt = performance.now();
      await bus.publish("jobs.created", Buffer.from("x"));
      await eventually(() => delays.length === n, { what: "the message" });
    }
    // Far below the polling interval, so each was notified.
    expect(delays.sort((a, b) => a - b)[10]).toBeLessThan(100);
  });

  test("messages of a consumer that falls silent go to another", async () => {
    await using world = await makeWorld();
    const other = await connected(world.openElsewhere());
    await other.publish("jobs.created", Buffer.from("x"));
    const silent = await connected(world.open({ heartbeatSeconds: 1 }));
    const never = Promise.withResolvers<void>();
    silent.consume("jobs.created", { maxBatch: 10, prefetch: 20 }, () => never.promise);
    await eventually(async () => (await other.depths())[0]?.ready === 0, { what: "the message to be held" });
    world.freeze();
    let again: boolean | undefined;
    other.consume("jobs.created", { maxBatch: 10, prefetch: 20 }, async ([first]) => {
      again = first?.redelivered;
    });
    await eventually(() => again === true, { what: "the message to come again" });
    never.resolve();
    world.cut();
  });

  test("messages of a killed process are handled by another within seconds", async () => {
    await using world = await makeWorld();
    const bus = await connected(world.openElsewhere());
    const child = Bun.spawn([process.execPath, "-e", holdingProgram(world.database)], {
      cwd: new URL("../../..", import.meta.url).pathname,
      stdout: "pipe",
      stderr: "inherit",
    });
    await bus.publish("jobs.created", Buffer.from("x"));
    await eventually(async () => (await bus.depths())[0]?.ready === 0, { what: "the message to be held" });
    let handledAt = 0;
    bus.consume("jobs.created", { maxBatch: 10, prefetch: 20 }, async () => {
      handledAt = performance.now();
    });
    await eventually(async () => (await bus.depths())[0]?.consumers === 2, { what: "two consumers" });
    const killedAt = performance.now();
    child.kill("SIGKILL");
    await eventually(() => handledAt > 0, { what: "the message" });
    expect(handledAt - killedAt).toBeLessThan(3_000);
  });

  test("queues that are dropped while in use are recreated", async () => {
    await using world = await makeWorld();
    const bus = await connected(world.openElsewhere());
    let handled = 0;
    bus.consume("jobs.created", { maxBatch: 10, prefetch: 20 }, async (batch) => {
      handled += batch.length;
    });
    await bus.publish("jobs.created", Buffer.from("before"));
    await eventually(() => handled === 1, { what: "the first message" });
    await world.sql`drop schema bus cascade`;
    await eventually(
      () =>
        bus.publish("jobs.created", Buffer.from("after")).then(
          () => true,
          () => false,
        ),
      { what: "a message to be taken" },
    );
    await eventually(() => handled === 2, { what: "the second message" });
  });

  test("many buses that start on an empty database at once agree on its queues", async () => {
    await using world = await makeWorld();
    const buses = await Promise.all(Array.from({ length: 8 }, () => connected(world.openElsewhere())));
    await Promise.all(buses.map((bus) => bus.publish("jobs.created", Buffer.from("x"))));
    expect((await buses[0]?.depths())?.[0]).toMatchObject({ name: "jobs.created", ready: 8 });
  });

  test("a server that accepts and hangs up is retried with growing pauses, until the bus is closed", async () => {
    let tries = 0;
    const server = createServer((socket: Socket) => {
      tries++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const bus = openBus({ url: `postgres://a:b@127.0.0.1:${port}/c`, name: "test", log });
    bus.consume("jobs.created", { maxBatch: 1, prefetch: 2 }, async () => undefined);
    await eventually(() => tries >= 6, { what: "some tries" });
    const before = tries;
    await Bun.sleep(300);
    expect(tries - before).toBeLessThan(20);
    await expect(bus.publish("jobs.created", Buffer.from("x"))).rejects.toMatchObject({
      code: "BUS_UNAVAILABLE",
    });
    await bus.close();
    server.close();
  });

  test("its metrics show what was published, consumed, held and lost", async () => {
    await using world = await makeWorld();
    const metrics = createMetrics("test");
    const bus = await connected(openBus({ url: world.database, name: "test", log, metrics }));
    let handled = 0;
    bus.consume("jobs.created", { maxBatch: 10, prefetch: 20 }, async (batch) => {
      handled += batch.length;
    });
    await bus.publish("jobs.created", Buffer.from("x"));
    await eventually(() => handled === 1, { what: "the message" });
    const text = await metrics.registry.metrics();
    expect(text).toContain('observatory_bus_published_total{route="jobs.created",service="test"} 1');
    expect(text).toContain('observatory_bus_consumed_total{queue="jobs.created",service="test"} 1');
    expect(text).toContain('observatory_bus_buffered{queue="jobs.created",service="test"} 0');
    expect(text).toContain('observatory_bus_unconfirmed{service="test"} 0');
    expect(text).toContain('observatory_bus_connected{service="test"} 1');
    expect(text).toMatch(/observatory_bus_reconnects_total\{service="test"\} 0/);
    await bus.close();
  });
});

interface PostgresWorld extends BusWorld, AsyncDisposable {
  /** The URL of the world's database, not through the network that fails. */
  readonly database: string;
  readonly sql: postgres.Sql;
  open(options?: object): Bus;
}

/** A separate database, reached through a proxy. */
async function makeWorld(): Promise<PostgresWorld> {
  const name = `bus_${++worlds}`;
  const admin = postgres(engine.url, { max: 1, onnotice: () => undefined });
  await admin.unsafe(`create database ${name}`);
  const proxy = await createTcpProxy({ targetPort: engine.port });
  const database = new URL(engine.url);
  database.pathname = `/${name}`;
  const throughProxy = new URL(database);
  throughProxy.port = String(proxy.port);
  const sql = postgres(database.href, { max: 1, onnotice: () => undefined });
  const buses: Bus[] = [];
  const opener = (url: string) => (options: object | undefined) => {
    const bus = openBus({ url, name: "test", log, ...options });
    buses.push(bus);
    return bus;
  };
  const dispose = async () => {
    await Promise.all(buses.map((bus) => bus.close()));
    await proxy.close();
    await sql.end();
    await admin.unsafe(`drop database ${name} with (force)`);
    await admin.end();
  };
  return {
    database: database.href,
    sql,
    open: opener(throughProxy.href),
    openElsewhere: opener(database.href),
    cut: proxy.cut,
    freeze: proxy.freeze,
    restore: proxy.restore,
    connections: () => proxy.open,
    restartEngine: () => engine.restart(),
    shortProgram: () => `
      import { openBus } from "./shared/bus/open.ts";
      import { createLog } from "./shared/log.ts";
      const bus = openBus({ url: ${JSON.stringify(throughProxy.href)}, name: "short", log: createLog({ service: "short", level: "silent" }) });
      const got = Promise.withResolvers();
      bus.consume("jobs.created", { maxBatch: 1, prefetch: 2 }, async () => got.resolve());
      await bus.connected();
      await bus.publish("jobs.created", Buffer.from("x"));
      await got.promise;
      await bus.depths();
      await bus.close();
      console.log("closed");
    `,
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}

/** A consumer whose handler never ends. */
const holdingProgram = (url: string) => `
  import { openBus } from "./shared/bus/open.ts";
  import { createLog } from "./shared/log.ts";
  const bus = openBus({ url: ${JSON.stringify(url)}, name: "holding", log: createLog({ service: "holding", level: "silent" }) });
  bus.consume("jobs.created", { maxBatch: 1, prefetch: 2 }, () => new Promise(() => undefined));
`;

async function connected(bus: Bus): Promise<Bus> {
  await bus.connected(AbortSignal.timeout(20_000));
  return bus;
}
