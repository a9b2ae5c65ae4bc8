import type { ChannelModel, ConsumeMessage } from "amqplib";
import type { QueueName } from "../../../contracts/topology.ts";
import { type BusConsumerOptions, createBatchHandling } from "../batch-handling.ts";
import type { Consumer, Delivery } from "../port.ts";
import { acknowledge, cancelSession, closeSession, openSession, type Session } from "./session.ts";
import { deathsOf, diedOn } from "./topology.ts";

export interface AmqpConsumer extends Consumer {
  readonly queue: QueueName;
  /** Starts consuming on this connection. */
  attach(model: ChannelModel): Promise<void>;
  /** Handles a lost connection: its unacknowledged messages are no longer held. */
  detach(): void;
  /** The number of messages held but not yet acknowledged. */
  readonly held: number;
}

/**
 * Creates a consumer of one queue. A batch that its handler rejects stays held until it succeeds, the consumer is
 * stopped, or the connection is lost.
 *
 * When a message kills the process that handles it, the broker counts a death for every message that was prefetched
 * with it. Therefore, once a message's death count reaches half of the delivery limit, messages are taken one at a
 * time, so that only the culprit reaches the limit. Batches resume after one prefetch's worth of messages in a row has
 * proved harmless.
 */
export function createAmqpConsumer(options: BusConsumerOptions): AmqpConsumer {
  const { queue, log } = options;
  const suspectFrom = Math.max(1, Math.floor(options.deliveryLimit / 2));
  const isSuspect = (message: ConsumeMessage) => deathsOf(message) >= suspectFrom;
  const stopping = new AbortController();
  const batches = createBatchHandling(options);
  let session: Session | undefined;
  let attaching: Promise<unknown> = Promise.resolve();
  let working: Promise<void> | undefined;
  let stopped: Promise<void> | undefined;
  let innocentInARow = 0;
  let inHand = 0;

  function attach(model: ChannelModel, narrow = false): Promise<void> {
    if (stopping.signal.aborted) return Promise.resolve();
    const opening = openSession({
      model,
      queue,
      prefetch: options.prefetch,
      narrow,
      log,
      onOpen(opened) {
        session = opened;
      },
      onMessage: wake,
      onLost: options.drop,
    });
    // The caller of `attach` handles a failure; `stop` only waits until the session is open or has failed to open.
    attaching = opening.catch(() => undefined);
    return opening;
  }

  async function release(held: Session): Promise<void> {
    if (session === held) session = undefined;
    if (!(await closeSession(held, queue, log))) options.drop(`The channel of ${queue} did not close`);
  }

  function wake(): void {
    if (working || stopping.signal.aborted) return;
    working = work()
      .catch((error) => {
        log.warn("A consumer could not continue", { queue, error });
        options.drop(`The consumer of ${queue} could not continue`);
      })
      .finally(() => {
        working = undefined;
        if (session && session.buffer.length > 0 && !session.over.signal.aborted) wake();
      });
  }

  async function work(): Promise<void> {
    // Wait for messages that arrived in the same socket read, so that they join the batch.
    await Promise.resolve();
    while (session && session.buffer.length > 0 && !stopping.signal.aborted) {
      const from = session;
      if (from.over.signal.aborted) return;
      if (from.buffer.some(isSuspect)) {
        innocentInARow = 0;
        if (!from.narrow) await reopen(from, true);
      } else if (from.narrow && ++innocentInARow > options.prefetch) await reopen(from, false);
      if (session === from) await take(from, from.buffer.splice(0, options.maxBatch));
    }
  }

  async function reopen(from: Session, narrow: boolean): Promise<void> {
    const how = narrow
      ? "one at a time, because consumers died while holding some of them"
      : "in batches again";
    log.warn(`Now taking messages ${how}`, { queue });
    await release(from);
    await attach(from.model, narrow);
  }

  async function take(from: Session, batch: readonly ConsumeMessage[]): Promise<void> {
    inHand = batch.length;
    const handled = await batches.handle(
      (again) => batch.map((message) => toDelivery(message, again)),
      [stopping.signal, from.over.signal],
    );
    inHand = 0;
    const last = batch.at(-1);
    if (!handled || !last) return;
    options.onHandled(batch.length);
    // Batches are taken in order of arrival, so every message up to the last one of this batch has been handled.
    acknowledge(from, last, log);
  }

  async function stop(): Promise<void> {
    stopping.abort();
    await attaching;
    if (session) await cancelSession(session, queue, log);
    if (working) await batches.finish(working);
    if (session) await release(session);
  }

  return {
    queue,
    attach: (model) => attach(model),
    detach() {
      session?.over.abort();
      session = undefined;
    },
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
    whyStuck: batches.whyStuck,
    get held() {
      return inHand + (session?.buffer.length ?? 0);
    },
  };
}

function toDelivery(message: ConsumeMessage, again: boolean): Delivery {
  const queue = diedOn(message);
  return {
    body: message.content,
    redelivered: again || message.fields.redelivered,
    ...(queue && { diedOn: queue }),
  };
}
