import type { QueueName, Route } from "../../contracts/topology.ts";

/** One message as it arrived. `refusedBy` is set on messages that the bus itself filed after too many deaths. */
export interface Delivery {
  readonly body: Uint8Array;
  readonly redelivered: boolean;
  /** Set when the bus moved the message here because its consumer died too often with it: the queue it came from. */
  readonly diedOn?: QueueName;
}

export interface ConsumeOptions {
  /** At most this many messages in one call of the handler. */
  readonly maxBatch: number;
  /** At most this many messages held unacknowledged; about twice `maxBatch`. */
  readonly prefetch: number;
}

/**
 * Handle some messages. When it resolves, all of them are acknowledged; when it rejects, all of them come back after a
 * pause that grows with the number of rejections in a row. One call is under way at a time for each consumer; messages
 * that arrive meanwhile form the next batch, and an idle consumer is called at once. `signal` aborts when stopping has
 * outlasted its grace.
 */
export type BatchHandler = (batch: readonly Delivery[], signal: AbortSignal) => Promise<void>;

export interface Consumer {
  /** Take no more, wait until the handler under way has ended and its messages are acknowledged. May be called twice. */
  stop(): Promise<void>;
  /** Why its messages make no progress: the handler has been rejecting, or hanging, for a while; undefined otherwise. */
  whyStuck(): string | undefined;
}

export interface QueueDepth {
  readonly name: QueueName;
  /** Messages that wait for a consumer. */
  readonly ready: number;
  readonly consumers: number;
}

/**
 * The bus: durable, at-least-once, with the queues and bindings of the one topology table.
 * It connects by itself, and again after a loss, with backoff and jitter, until `close`.
 */
export interface Bus {
  /**
   * Resolves when the message is durable in every queue that its route feeds. Many may be under way; their order is
   * kept. Rejects with `BUS_UNAVAILABLE` (connection away or lost before the confirm: the message may or may not have
   * arrived) or `OVERLOADED` (the window of unconfirmed messages and the wait for it are full).
   */
  publish(route: Route, body: Uint8Array): Promise<void>;
  /** Start to consume; goes on over reconnections. */
  consume(queue: QueueName, options: ConsumeOptions, handler: BatchHandler): Consumer;
  depths(): Promise<readonly QueueDepth[]>;
  /** Messages that consumers of this bus hold and have not acknowledged, by queue. They are not among the `ready` ones. */
  held(): Readonly<Partial<Record<QueueName, number>>>;
  /** Resolves when the engine answers now; rejects with `BUS_UNAVAILABLE` otherwise. */
  ping(): Promise<void>;
  /** Resolves when the bus is first connected and its topology declared; rejects when `signal` aborts. */
  connected(signal?: AbortSignal): Promise<void>;
  /** Stop all consumers, wait for confirms under way, close. May be called twice. */
  close(): Promise<void>;
}
