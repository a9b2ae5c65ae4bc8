import type { Channel, ConsumeMessage } from "amqplib";
import { QUEUES, type QueueName, type Topology } from "../../../contracts/topology.ts";

const DEAD: QueueName = "jobs.failed.validation";

/**
 * Declares exchange, queues and bindings. Idempotent; an existing queue with other arguments closes the channel (406
 * PRECONDITION_FAILED), because its arguments cannot be changed.
 *
 * Uses only what RabbitMQ 3.10 and 4.x share. Both honour an explicit `x-delivery-limit`; without one, 3.10 has no
 * limit and 4.x has 20. Messages that died too often are dead-lettered at least once (kept until their new queue has
 * confirmed them), which needs `reject-publish`. https://www.rabbitmq.com/docs/quorum-queues
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

/** The queue on which the broker dead-lettered a message, from the headers it adds when it moves one. */
export function diedOn(message: ConsumeMessage): QueueName | undefined {
  const name: unknown = message.properties.headers?.["x-first-death-queue"];
  return QUEUES.find((queue) => queue === name);
}

/** How often a message came back because its consumer died, as counted by a quorum queue. */
export function deathsOf(message: ConsumeMessage): number {
  const count: unknown = message.properties.headers?.["x-delivery-count"];
  return typeof count === "number" ? count : 0;
}
