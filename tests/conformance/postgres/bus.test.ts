import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import postgres from "postgres";
import { openBus } from "../../../shared/bus/open.ts";
import type { Bus } from "../../../shared/bus/port.ts";
import { createLog } from "../../../shared/log.ts";
import type { Engine } from "../../../tui/engines/engine.ts";
import { startPostgres } from "../../../tui/engines/postgres.ts";
import { createEngineFolder } from "../../support/engine-folder.ts";
import { describeOn } from "../../support/suite.ts";
import { createTcpProxy } from "../../support/tcp-proxy.ts";
import { eventually } from "../../support/wait.ts";
import { shortProgram } from "../bus/short-program.ts";
import { type BusWorld, connected } from "../bus/world.ts";
import { describeBus } from "../bus.ts";

setDefaultTimeout(120_000);

const log = createLog({ service: "test", level: process.env.TEST_LOG ? "debug" : "silent" });
let engine: Engine;
let worlds = 0;

describeOn(["postgres"], "PostgreSQL", () => {
  const dataDir = createEngineFolder("bus-postgres-");
  beforeAll(async () => {
    engine = await startPostgres({ dataDir });
  });
  afterAll(async () => {
    await engine?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  describeBus("PostgreSQL", makeWorld);

  test("a message published to an idle consumer reaches its handler within milliseconds", async () => {
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
    // A median far below the polling interval shows that notifications delivered the messages, not polls.
    expect(delays.sort((a, b) => a - b)[10]).toBeLessThan(100);
  });

  test("messages held by a consumer that falls silent go to another consumer", async () => {
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
    await eventually(() => again === true, { what: "the message to be redelivered" });
    never.resolve();
    world.cut();
  });

  test("messages held by a killed process are handled by another within seconds", async () => {
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
      { what: "a publish to be confirmed" },
    );
    await eventually(() => handled === 2, { what: "the second message" });
  });

  test("claims read only a few rows per message, however long the queue is", async () => {
    await using world = await makeWorld();
    const publisher = await connected(world.openElsewhere());
    const consumer = await connected(world.openElsewhere());
    let handled = 0;
    let gate = Promise.resolve();
    consumer.consume("jobs.created", { maxBatch: 40, prefetch: 80 }, async (batch) => {
      await gate;
      handled += batch.length;
    });
    // Keep the queue short at first, so that PostgreSQL plans the claim for a short queue and keeps that plan.
    for (let n = 1; n <= 20; n++) {
      if (n === 10) await world.sql`analyze bus.messages`;
      await publisher.publish("jobs.created", Buffer.from("x"));
      await eventually(() => handled === n, { what: "a message of a short queue" });
    }
    const opened = Promise.withResolvers<void>();
    gate = opened.promise;
    for (let n = 0; n < 50; n++)
      await Promise.all(
        Array.from({ length: 200 }, () => publisher.publish("jobs.created", Buffer.from("x"))),
      );
    opened.resolve();
    await eventually(() => handled === 10_020, { what: "the long queue to drain" });
    // PostgreSQL's statistics are sure to include all of a session's reads only once the session has ended.
    await Promise.all([publisher.close(), consumer.close()]);
    const [row] = await world.sql<{ read: number }[]>`
      select idx_tup_fetch::int as read from pg_stat_user_tables where relname = 'messages'`;
    expect(row?.read).toBeLessThan(10 * handled);
  });

  test("many buses starting at once on an empty database agree on its queues", async () => {
    await using world = await makeWorld();
    const buses = await Promise.all(Array.from({ length: 8 }, () => connected(world.openElsewhere())));
    await Promise.all(buses.map((bus) => bus.publish("jobs.created", Buffer.from("x"))));
    expect((await buses[0]?.depths())?.[0]).toMatchObject({ name: "jobs.created", ready: 8 });
  });

  test("connecting to a server that hangs up is retried with growing delays", async () => {
    let tries = 0;
    const server = createServer((socket: Socket) => {
      tries++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const bus = openBus({ url: `postgres://a:b@127.0.0.1:${port}/c`, name: "test", log });
    bus.consume("jobs.created", { maxBatch: 1, prefetch: 2 }, async () => undefined);
    await eventually(() => tries >= 6, { what: "six connection attempts" });
    const before = tries;
    await Bun.sleep(300);
    expect(tries - before).toBeLessThan(20);
    await expect(bus.publish("jobs.created", Buffer.from("x"))).rejects.toMatchObject({
      code: "BUS_UNAVAILABLE",
    });
    await bus.close();
    server.close();
  });
});

interface PostgresWorld extends BusWorld, AsyncDisposable {
  /** The URL of the test's database, without the proxy that can cut or freeze connections. */
  readonly database: string;
  readonly sql: postgres.Sql;
  open(options?: object): Bus;
}

/** Creates a database with a proxy in front of it. */
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
    shortProgram: () => shortProgram(throughProxy.href),
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}

/** Returns the source of a program whose handler never finishes. */
const holdingProgram = (url: string) => `
  import { openBus } from "./shared/bus/open.ts";
  import { createLog } from "./shared/log.ts";
  const bus = openBus({ url: ${JSON.stringify(url)}, name: "holding", log: createLog({ service: "holding", level: "silent" }) });
  bus.consume("jobs.created", { maxBatch: 1, prefetch: 2 }, () => new Promise(() => undefined));
`;
