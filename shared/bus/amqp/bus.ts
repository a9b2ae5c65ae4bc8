import type { ChannelModel } from "amqplib";
import { TOPOLOGY, type Topology } from "../../../contracts/topology.ts";
import { AppError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { Metrics } from "../../metrics.ts";
import { createBusMetrics, heldByQueue } from "../bus-metrics.ts";
import type { Bus } from "../port.ts";
import { type AmqpConsumer, createAmqpConsumer } from "./consumer.ts";
import { type AmqpLink, createAmqpLink } from "./link.ts";
import { createAmqpPublisher } from "./publisher.ts";
import { createAmqpQueries } from "./queries.ts";
import { declareTopology } from "./topology.ts";

export interface AmqpBusOptions {
  /** `amqp:` or `amqps:`; the path is the virtual host. */
  readonly url: string;
  /** Connection name, as the broker shows it. */
  readonly name: string;
  readonly log: Log;
  readonly metrics?: Metrics;
  readonly topology?: Topology;
  /** How many messages may be sent but not yet confirmed; `maxUnconfirmedBytes` limits their total size. */
  readonly maxUnconfirmed?: number;
  readonly maxUnconfirmedBytes?: number;
  /** How many messages may wait for room in the unconfirmed window; further ones are refused as `OVERLOADED`. */
  readonly maxWaiting?: number;
  readonly confirmTimeoutMs?: number;
  /** Time from `Consumer.stop` until the handler's signal aborts. */
  readonly stopGraceMs?: number;
  readonly heartbeatSeconds?: number;
  readonly connectTimeoutMs?: number;
}

/**
 * Opens a bus on RabbitMQ (3.10 or later), with quorum queues. One connection is for publishing and queries. Consumers
 * share a second connection, opened with the first consumer, because a broker that is short of memory or disk stops
 * reading from connections that publish, but must still receive acknowledgments.
 */
export function createAmqpBus(options: AmqpBusOptions): Bus {
  const { log, topology = TOPOLOGY, heartbeatSeconds = 10, connectTimeoutMs = 5_000 } = options;
  const consumers = new Set<AmqpConsumer>();
  let consuming: AmqpLink | undefined;
  let closed: Promise<void> | undefined;

  const unavailable = (message: string, cause?: unknown) =>
    new AppError("BUS_UNAVAILABLE", message, { cause, retryAfterSeconds: main.retryAfterSeconds });

  const publisher = createAmqpPublisher({
    exchange: topology.exchange,
    log,
    maxUnconfirmed: options.maxUnconfirmed ?? 1_000,
    maxUnconfirmedBytes: options.maxUnconfirmedBytes ?? 16 * 1024 * 1024,
    maxWaiting: options.maxWaiting ?? 1_000,
    confirmTimeoutMs: options.confirmTimeoutMs ?? 10_000,
    unavailable,
    drop: (reason) => main.drop(reason),
    onPublished: (route) => metrics.published(route),
  });

  const metrics = createBusMetrics(options.metrics, {
    unconfirmed: () => publisher.unconfirmed,
    waiting: () => publisher.waiting,
    buffered: () => [...consumers].map(({ queue, held }) => [queue, held] as const),
    connected: () => isUp(),
  });

  const main = createAmqpLink({
    url: options.url,
    name: options.name,
    log,
    heartbeatSeconds,
    connectTimeoutMs,
    async setUp(model) {
      await declareOn(model);
      await publisher.attach(model);
    },
    onDown(error) {
      publisher.detach(error);
      if (!closed) metrics.lost();
    },
  });

  const queries = createAmqpQueries({ link: main, topology, log, unavailable });

  const openConsuming = () =>
    createAmqpLink({
      url: options.url,
      name: `${options.name} consumers`,
      log,
      heartbeatSeconds,
      connectTimeoutMs,
      async setUp(model) {
        await declareOn(model);
        await Promise.all([...consumers].map((consumer) => consumer.attach(model)));
      },
      onDown() {
        for (const consumer of consumers) consumer.detach();
        if (!closed) metrics.lost();
      },
    });

  const isUp = () => main.model !== undefined && (consuming === undefined || consuming.model !== undefined);

  async function declareOn(model: ChannelModel): Promise<void> {
    const channel = await model.createChannel();
    channel.on("error", (error) => log.error("The topology could not be declared", { error }));
    await declareTopology(channel, topology);
    await channel.close();
  }

  async function close(): Promise<void> {
    await Promise.all([...consumers].map((consumer) => consumer.stop()));
    await publisher.end();
    await Promise.all([main.close(), consuming?.close()]);
  }

  return {
    publish: publisher.publish,
    consume(queue, consumeOptions, handler) {
      if (closed) throw unavailable("The bus is closed");
      const definition = topology.queues.find(({ name }) => name === queue);
      if (!definition) throw new Error(`The topology has no queue ${queue}`);
      const consumer = createAmqpConsumer({
        ...consumeOptions,
        queue,
        deliveryLimit: definition.deliveryLimit,
        handler,
        log,
        stopGraceMs: options.stopGraceMs ?? 10_000,
        drop: (reason) => consuming?.drop(reason),
        onHandled: (messages) => metrics.consumed(queue, messages),
        onRejected: () => metrics.rejected(queue),
      });
      consumers.add(consumer);
      if (!consuming) consuming = openConsuming();
      else if (consuming.model)
        consumer.attach(consuming.model).catch((error) => {
          log.warn("A consumer could not be started", { queue, error });
          consuming?.drop("A consumer could not be started");
        });
      return {
        async stop() {
          await consumer.stop();
          consumers.delete(consumer);
        },
        whyStuck: consumer.whyStuck,
      };
    },
    depths: queries.depths,
    held: () => heldByQueue(consumers),
    async ping() {
      await queries.ping();
      if (!isUp()) throw unavailable("The consumers' connection is down");
    },
    connected: (signal) => main.connected(signal),
    close: () => {
      closed ??= close();
      return closed;
    },
  };
}
