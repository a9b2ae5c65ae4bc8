import type { Fragment } from "postgres";
import type { QueueName, Route } from "../../contracts/topology.ts";
import type { Sql } from "../postgres.ts";

/** One message as it arrived. */
export interface Delivery {
  readonly body: Uint8Array;
  readonly redelivered: boolean;
  /** The queue from which the bus moved the message here, because its consumers died too often with it. */
  readonly diedOn?: QueueName;
}

export interface ConsumeOptions {
  /** Most messages in one call of the handler. */
  readonly maxBatch: number;
  /** Most messages held unacknowledged; about twice `maxBatch`. */
  readonly prefetch: number;
}

/**
 * Handles some messages. When it resolves, all of them are acknowledged; when it rejects, all of them come back after
 * a pause that grows with consecutive rejections. Each consumer makes one call at a time: messages that arrive
 * during a call form the next batch, and an idle consumer is called at once. `signal` aborts when stopping has exceeded
 * its grace period.
 */
export type BatchHandler = (batch: readonly Delivery[], signal: AbortSignal) => Promise<void>;

export interface Consumer {
  /**
   * Takes no more messages, and waits until the current handler has ended and its messages are acknowledged. May be
   * called twice.
   */
  stop(): Promise<void>;
  /**
   * Why its messages make no progress: the handler has been rejecting, or hanging, for a while; undefined otherwise.
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
 * The tables of a bus on PostgreSQL: a transaction on the same database may write a message with the change it reports.
 */
export interface BusTables {
  /** An `insert` of the CTE `message` (column `body`) into each queue that the route feeds; returns each `id`. */
  insertSql(sql: Sql, route: Route): Fragment;
  /** Wakes the consumers of a committed message; one that misses the notification finds it at its next poll. */
  committed(route: Route): void;
}

/**
 * The bus: durable, at-least-once, with the queues and bindings of the topology table. It connects by itself, and
 * reconnects after a loss with backoff and jitter, until `close`.
 */
export interface Bus {
  /**
   * Resolves when the message is durable in every queue that its route feeds. Calls may be concurrent; their order is
   * kept. Rejects with `BUS_UNAVAILABLE` (no connection, or lost before the confirm: the message may or may not have
   * arrived) or `OVERLOADED` (the window of unconfirmed messages and the wait for it are full).
   */
  publish(route: Route, body: Uint8Array): Promise<void>;
  /** Starts consuming; continues across reconnections. */
  consume(queue: QueueName, options: ConsumeOptions, handler: BatchHandler): Consumer;
  depths(): Promise<readonly QueueDepth[]>;
  /** Messages that consumers of this bus hold and have not acknowledged, by queue. They are not counted in `ready`. */
  held(): Readonly<Partial<Record<QueueName, number>>>;
  /** Resolves when the engine answers now; rejects with `BUS_UNAVAILABLE` otherwise. */
  ping(): Promise<void>;
  /** Resolves when the bus is first connected and its topology declared; rejects when `signal` aborts. */
  connected(signal?: AbortSignal): Promise<void>;
  /** Undefined on engines other than PostgreSQL. */
  readonly tables?: BusTables;
  /** Stops all consumers, waits for outstanding confirms, and closes. May be called twice. */
  close(): Promise<void>;
}
