import type { Channel, ConsumeMessage } from "amqplib";
import { QUEUES, type QueueName, type Topology } from "../../../contracts/topology.ts";

const DEAD: QueueName = "jobs.failed.validation";

/**
 * Declares the exchange, queues and bindings. Idempotent. If a queue exists with different arguments, the broker closes
 * the channel (406 PRECONDITION_FAILED), because a queue's arguments cannot be changed.
 *
 * Uses only features that RabbitMQ 3.10 and 4.x share. Both honor an explicit `x-delivery-limit`; the default is no
 * limit in 3.10 and 20 in 4.x. Messages that exceed the delivery limit are dead-lettered with the strategy
 * `at-least-once`: the source queue keeps them until the target queue has confirmed them. This strategy requires the
 * overflow setting `reject-publish`.
 * https://www.rabbitmq.com/docs/quorum-queues
 */
export async function declareTopology(channel: Channel, topology: Topology): Promise<void> {
  await channel.assertExchange(topology.exchange, "topic", { durable: true });
  for (const queue of topology.queues) {
    await channel.assertQueue(queue.name, {
      durable: true,
      arguments: {
        "x-queue-type": "quorum",
        "x-delivery-limit": queue.deliveryLimit,
        ...(queue.name !== DEAD && {
          "x-dead-letter-exchange": "",
          "x-dead-letter-routing-key": DEAD,
          "x-dead-letter-strategy": "at-least-once",
          "x-overflow": "reject-publish",
        }),
      },
    });
    for (const route of queue.routes) await channel.bindQueue(queue.name, topology.exchange, route);
  }
}

/** Returns the queue in which a message was dead-lettered, according to the header that the broker adds. */
export function diedOn(message: ConsumeMessage): QueueName | undefined {
  const name: unknown = message.properties.headers?.["x-first-death-queue"];
  return QUEUES.find((queue) => queue === name);
}

/** Returns how many times a message has been returned to its quorum queue. Each return counts toward the delivery limit. */
export function deathsOf(message: ConsumeMessage): number {
  const count: unknown = message.properties.headers?.["x-delivery-count"];
  return typeof count === "number" ? count : 0;
}
