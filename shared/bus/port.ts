import type { Fragment } from "postgres";
import type { QueueName, Route } from "../../contracts/topology.ts";
import type { Sql } from "../postgres.ts";

/** One message as it arrived. */
export interface Delivery {
  readonly body: Uint8Array;
  readonly redelivered: boolean;
  /** The queue on which too many consumers died while handling the message, after which the bus moved it here. */
  readonly diedOn?: QueueName;
}

export interface ConsumeOptions {
  /** The maximum number of messages passed to the handler in one call. */
  readonly maxBatch: number;
  /** The maximum number of messages held unacknowledged; about twice `maxBatch`. */
  readonly prefetch: number;
}

/**
 * Handles a batch of messages. When it resolves, all of them are acknowledged. When it rejects, all of them are
 * delivered again after a pause that grows with consecutive rejections. A consumer makes one call at a time: when idle,
 * it passes a message to the handler immediately; messages that arrive during a call form the next batch. `signal`
 * aborts when stopping the consumer takes longer than its grace period.
 */
export type BatchHandler = (batch: readonly Delivery[], signal: AbortSignal) => Promise<void>;

export interface Consumer {
  /**
   * Takes no more messages, and waits until the current handler call has ended and its messages are acknowledged. May
   * be called twice.
   */
  stop(): Promise<void>;
  /**
   * Returns why messages make no progress, if the handler has been rejecting or hanging for a while; else undefined.
   */
  whyStuck(): string | undefined;
}

export interface QueueDepth {
  readonly name: QueueName;
  /** Messages waiting for a consumer. */
  readonly ready: number;
  readonly consumers: number;
}

/**
 * The tables of a bus on PostgreSQL. A transaction in the same database can write a message together with the change
 * that the message reports.
 */
export interface BusTables {
  /** Builds an `insert` of the CTE `message` (column `body`) into each queue that the route feeds, returning `id`. */
  insertSql(sql: Sql, route: Route): Fragment;
  /**
   * Wakes the consumers. Call it once the transaction that wrote a message has committed. A consumer that is not woken
   * finds the message by polling.
   */
  committed(route: Route): void;
}

/**
 * The bus: durable, at-least-once, with the queues and bindings of the topology table. It connects in the background
 * and, after a loss, reconnects with backoff and jitter, until `close`.
 */
export interface Bus {
  /**
   * Resolves when the message is durable in every queue that its route feeds. Concurrent calls keep their order.
   * Rejects with `BUS_UNAVAILABLE` if the engine is not connected or is not confirming messages, or if the confirm did
   * not arrive (the message may have arrived anyway). Rejects with `OVERLOADED` if too many messages are unconfirmed or
   * waiting to be sent.
   */
  publish(route: Route, body: Uint8Array): Promise<void>;
  /** Starts consuming, and continues after each reconnection. */
  consume(queue: QueueName, options: ConsumeOptions, handler: BatchHandler): Consumer;
  depths(): Promise<readonly QueueDepth[]>;
  /**
   * Returns how many unacknowledged messages this bus's consumers hold, by queue. `QueueDepth.ready` does not count
   * them.
   */
  held(): Readonly<Partial<Record<QueueName, number>>>;
  /** Resolves if the engine answers now; rejects with `BUS_UNAVAILABLE` otherwise. */
  ping(): Promise<void>;
  /** Resolves once the bus has connected and declared its topology; rejects if `signal` aborts first. */
  connected(signal?: AbortSignal): Promise<void>;
  /** Undefined on engines other than PostgreSQL. */
  readonly tables?: BusTables;
  /** Stops all consumers, waits for outstanding confirms, and closes. May be called twice. */
  close(): Promise<void>;
}
