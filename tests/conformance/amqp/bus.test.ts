import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "amqplib";
import { EXCHANGE } from "../../../contracts/topology.ts";
import { openBus } from "../../../shared/bus/open.ts";
import type { Bus } from "../../../shared/bus/port.ts";
import { ConfigError } from "../../../shared/config.ts";
import { createLog } from "../../../shared/log.ts";
import { type RabbitmqEngine, startRabbitmq } from "../../../tui/engines/rabbitmq.ts";
import { describeOn } from "../../support/suite.ts";
import { createTcpProxy } from "../../support/tcp-proxy.ts";
import { eventually } from "../../support/wait.ts";
import { shortProgram } from "../bus/short-program.ts";
import type { BusWorld } from "../bus/world.ts";
import { describeBus } from "../bus.ts";

// When a test times out, the runner kills every process it started, including the engine. The limit is generous, so
// that a failing test ends with its own message, which names the problem.
setDefaultTimeout(120_000);

const log = createLog({ service: "test", level: process.env.TEST_LOG ? "debug" : "silent" });
let rabbitmq: RabbitmqEngine;
let worlds = 0;

describeOn(["rabbitmq"], "RabbitMQ", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "bus-amqp-"));
  beforeAll(async () => {
    rabbitmq = await startRabbitmq({ dataDir });
  });
  afterAll(async () => {
    await rabbitmq?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  describeBus("RabbitMQ", makeWorld);

  test("a queue deleted while it is being consumed is redeclared, and consumption resumes", async () => {
    await using world = await makeWorld();
    const bus = world.openElsewhere();
    let handled = 0;
    bus.consume("jobs.created", { maxBatch: 10, prefetch: 20 }, async (batch) => {
      handled += batch.length;
    });
    await bus.connected(AbortSignal.timeout(20_000));
    await bus.publish("jobs.created", Buffer.from("before"));
    await eventually(() => handled === 1, { what: "the first message" });
    await asOperator(world.vhost, (channel) => channel.deleteQueue("jobs.created"));
    await eventually(
      async () => {
        const [depth] = await bus.depths().catch(() => []);
        return depth?.consumers === 1;
      },
      { what: "the queue to be consumed again" },
    );
    await publishUntilTaken(bus);
    await eventually(() => handled === 2, { what: "the second message" });
  });

  test("an unroutable message is refused, and the missing binding is restored", async () => {
    await using world = await makeWorld();
    const bus = world.openElsewhere();
    await bus.connected(AbortSignal.timeout(20_000));
    await asOperator(world.vhost, (channel) => channel.unbindQueue("jobs.created", EXCHANGE, "jobs.created"));
    await asOperator(world.vhost, (channel) =>
      channel.unbindQueue("events.observed", EXCHANGE, "jobs.created"),
    );
    await expect(bus.publish("jobs.created", Buffer.from("astray"))).rejects.toMatchObject({
      code: "BUS_UNAVAILABLE",
    });
    await publishUntilTaken(bus);
    expect((await bus.depths())[0]).toMatchObject({ name: "jobs.created", ready: 1 });
  });

  test("missed heartbeats reveal a silent broker, and consumption resumes once it responds", async () => {
    await using world = await makeWorld();
    const lines: string[] = [];
    const bus = openBus({
      url: world.url,
      name: "test",
      log: createLog({ service: "test", level: "warn", write: (line) => lines.push(line) }),
      heartbeatSeconds: 1,
    });
    let handled = 0;
    bus.consume("jobs.created", { maxBatch: 10, prefetch: 20 }, async (batch) => {
      handled += batch.length;
    });
    await bus.connected(AbortSignal.timeout(20_000));
    await bus.publish("jobs.created", Buffer.from("before"));
    await eventually(() => handled === 1, { what: "the first message" });
    world.freeze();
    const lost = (line: string) => line.includes("Lost the connection") && line.includes("test consumers");
    await eventually(() => lines.some(lost), { what: "the bus to notice the silence" });
    world.restore();
    await publishUntilTaken(bus);
    await eventually(() => handled === 2, { what: "the second message" });
    await bus.close();
  });

  test("a queue that already exists with different arguments is logged as an error and causes no crash", async () => {
    await using world = await makeWorld();
    await asOperator(world.vhost, (channel) => channel.assertQueue("jobs.created", { durable: true }));
    const lines: string[] = [];
    const bus = openBus({
      url: world.url,
      name: "test",
      log: createLog({ service: "test", level: "error", write: (line) => lines.push(line) }),
    });
    await eventually(() => lines.length > 0, { what: "the fault to be logged" });
    expect(lines[0]).toContain("PRECONDITION_FAILED");
    await expect(bus.publish("jobs.created", Buffer.from("x"))).rejects.toMatchObject({
      code: "BUS_UNAVAILABLE",
    });
    await bus.close();
  });
});

test("the error for a URL that no adapter supports names the expected schemes", () => {
  const open = (url: string) => () => openBus({ url, name: "test", log });
  expect(open("kafka://localhost")).toThrow(ConfigError);
  expect(open("kafka://localhost")).toThrow(/expected amqp:/);
  expect(open("nonsense")).toThrow(ConfigError);
});

interface AmqpWorld extends BusWorld, AsyncDisposable {
  readonly url: string;
  readonly vhost: string;
}

/** Creates a virtual host with a proxy in front of it. */
async function makeWorld(): Promise<AmqpWorld> {
  const name = `bus-${++worlds}`;
  const vhost = await rabbitmq.createVhost(name);
  const proxy = await createTcpProxy({ targetPort: rabbitmq.port });
  const url = vhost.replace(`:${rabbitmq.port}/`, `:${proxy.port}/`);
  const buses: Bus[] = [];
  const opener = (to: string) => (options: object | undefined) => {
    const bus = openBus({ url: to, name: "test", log, ...options });
    buses.push(bus);
    return bus;
  };
  const dispose = async () => {
    await Promise.all(buses.map((bus) => bus.close()));
    await proxy.close();
    await rabbitmq.deleteVhost(name);
  };
  return {
    url,
    vhost,
    open: opener(url),
    openElsewhere: opener(vhost),
    cut: proxy.cut,
    freeze: proxy.freeze,
    restore: proxy.restore,
    connections: () => proxy.open,
    restartEngine: () => rabbitmq.restart(),
    shortProgram: () => shortProgram(url),
    dispose,
    [Symbol.asyncDispose]: dispose,
  };
}

/** Runs channel operations as an operator would with the broker's own tools. */
async function asOperator(
  vhost: string,
  act: (
    channel: Awaited<ReturnType<Awaited<ReturnType<typeof connect>>["createChannel"]>>,
  ) => Promise<unknown>,
): Promise<void> {
  const connection = await connect(vhost);
  try {
    await act(await connection.createChannel());
  } finally {
    await connection.close();
  }
}

async function publishUntilTaken(bus: Bus): Promise<void> {
  await eventually(
    () =>
      bus.publish("jobs.created", Buffer.from("taken")).then(
        () => true,
        () => false,
      ),
    { what: "a publish to be confirmed" },
  );
}
