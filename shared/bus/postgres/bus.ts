import { TOPOLOGY } from "../../../contracts/topology.ts";
import { within } from "../../async.ts";
import { AppError } from "../../errors.ts";
import type { Sql } from "../../postgres.ts";
import type { AmqpBusOptions } from "../amqp/bus.ts";
import { createBusMetrics, heldByQueue } from "../bus-metrics.ts";
import type { Bus } from "../port.ts";
import { createPostgresConsumer, type PostgresConsumer } from "./consumer.ts";
import { createPostgresLink, type PostgresLink } from "./link.ts";
import { createPostgresPublisher } from "./publisher.ts";
import { channelOf, declareQueues, readDepths } from "./queues.ts";
import { createBusTables } from "./tables.ts";

const PING_MS = 2_000;
const DEPTHS_MS = 5_000;

/**
 * The options of a bus with a `postgres:` URL. The server ends the session that the consumers share once it
 * has been idle for two heartbeat intervals.
 */
export type PostgresBusOptions = AmqpBusOptions;

/**
 * Opens a bus on PostgreSQL (14 or later), in its own schema `bus`. One connection publishes and serves `ping`.
 * Consumers share a second connection; when its session ends, the messages that they hold become available again. A
 * third connection reads queue depths, which is slow when many messages are waiting. The second and third connections
 * are opened on demand.
 */
export function createPostgresBus(options: PostgresBusOptions): Bus {
  const { log, topology = TOPOLOGY, heartbeatSeconds = 10 } = options;
  const consumers = new Set<PostgresConsumer>();
  let consuming: PostgresLink | undefined;
  let depthsLink: PostgresLink | undefined;
  let pinging: Promise<void> | undefined;
  let closed: Promise<void> | undefined;

  const unavailable = (message: string, cause?: unknown) =>
    new AppError("BUS_UNAVAILABLE", message, { cause, retryAfterSeconds: main.retryAfterSeconds });

  const publisher = createPostgresPublisher({
    link: () => main,
    topology,
    log,
    maxUnconfirmed: options.maxUnconfirmed ?? 1_000,
    maxBytes: 2 * (options.maxUnconfirmedBytes ?? 16 * 1024 * 1024),
    maxWaiting: options.maxWaiting ?? 1_000,
    confirmTimeoutMs: options.confirmTimeoutMs ?? 10_000,
    unavailable,
    onPublished: (route) => metrics.published(route),
  });

  const metrics = createBusMetrics(options.metrics, {
    unconfirmed: () => publisher.unconfirmed,
    waiting: () => publisher.waiting,
    buffered: () => [...consumers].map(({ queue, held }) => [queue, held] as const),
    connected: () => isUp(),
  });

  const openLink = (
    name: string,
    more: Partial<Parameters<typeof createPostgresLink>[0]> = {},
  ): PostgresLink =>
    createPostgresLink({
      url: options.url,
      name,
      log,
      connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
      setUp: declareQueues,
      ...more,
      onDown() {
        if (!closed) metrics.lost();
        more.onDown?.();
      },
    });

  const main = openLink(options.name);

  const openConsuming = () =>
    openLink(`${options.name} consumers`, {
      settings: {
        // Commits need not wait for the disk: a claim or an acknowledgment that is lost in a crash only causes a
        // redelivery.
        synchronous_commit: "off",
        idle_session_timeout: heartbeatSeconds * 2_000,
        // A queue's length changes so quickly that the planner's statistics about it are always out of date and would
        // lead to wrong plans. A scan of the primary key is fast at every queue length.
        enable_seqscan: "off",
        enable_bitmapscan: "off",
        enable_hashjoin: "off",
        enable_mergejoin: "off",
      },
      async setUp(sql: Sql) {
        await declareQueues(sql);
        await Promise.all([...consumers].map((consumer) => consumer.attach(sql)));
      },
      onNotify(channel) {
        for (const consumer of consumers) if (channelOf(consumer.queue) === channel) consumer.look();
      },
      onDown() {
        for (const consumer of consumers) consumer.detach();
      },
    });

  const isUp = () => main.sql !== undefined && (consuming === undefined || consuming.sql !== undefined);

  async function query<T>(link: PostgresLink, ms: number, run: (sql: Sql) => Promise<T>): Promise<T> {
    const { sql } = link;
    if (!sql) throw unavailable("PostgreSQL is not connected");
    try {
      return await within(ms, run(sql), "Querying PostgreSQL");
    } catch (error) {
      link.drop("PostgreSQL did not answer", sql);
      throw unavailable("Querying PostgreSQL failed", error);
    }
  }

  const tables = createBusTables({
    ...{ topology, log, sql: () => main.sql },
    onPublished: (route) => metrics.published(route),
  });

  async function close(): Promise<void> {
    await Promise.all([...consumers].map((consumer) => consumer.stop()));
    await publisher.end();
    await Promise.all([main.close(), consuming?.close(), depthsLink?.close()]);
  }

  return {
    publish: publisher.publish,
    tables,
    consume(queue, consumeOptions, handler) {
      if (closed) throw unavailable("The bus is closed");
      const definition = topology.queues.find(({ name }) => name === queue);
      if (!definition) throw new Error(`The topology has no queue ${queue}`);
      const consumer = createPostgresConsumer({
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
      else if (consuming.sql)
        consumer.attach(consuming.sql).catch((error) => {
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
    held: () => heldByQueue(consumers),
    async depths() {
      if (closed || !main.sql) throw unavailable("PostgreSQL is not connected");
      depthsLink ??= openLink(`${options.name} depths`);
      await within(DEPTHS_MS, depthsLink.connected(), "Connecting").catch((error) => {
        throw unavailable("PostgreSQL is not connected", error);
      });
      return query(depthsLink, DEPTHS_MS, (sql) =>
        readDepths(
          sql,
          topology.queues.map(({ name }) => name),
        ),
      );
    },
    async ping() {
      pinging ??= query(main, PING_MS, async (sql) => void (await sql`select 1`)).finally(() => {
        pinging = undefined;
      });
      await pinging;
      if (isUp()) return;
      throw unavailable(`The consumers are not connected: ${consuming?.lastFailure ?? "connecting"}`);
    },
    connected: (signal) => main.connected(signal),
    close: () => {
      closed ??= close();
      return closed;
    },
  };
}
