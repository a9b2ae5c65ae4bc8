import type { ChannelModel, ConsumeMessage } from "amqplib";
import type { QueueName } from "../../contracts/topology.ts";
import { fullJitter, pause } from "../async.ts";
import type { Log } from "../log.ts";
import { acknowledge, cancelSession, closeSession, openSession, type Session } from "./amqp-session.ts";
import { deathsOf, diedOn } from "./amqp-topology.ts";
import { within } from "./deadline.ts";
import type { BatchHandler, ConsumeOptions, Consumer, Delivery } from "./port.ts";

export interface AmqpConsumerOptions extends ConsumeOptions {
  readonly queue: QueueName;
  readonly deliveryLimit: number;
  readonly handler: BatchHandler;
  readonly log: Log;
  /** From the beginning of a stop until the handler's signal aborts. */
  readonly stopGraceMs: number;
  /** Give the connection up and make another. */
  readonly drop: (reason: string) => void;
  readonly onHandled: (messages: number) => void;
  readonly onRejected: () => void;
}

export interface AmqpConsumer extends Consumer {
  readonly queue: QueueName;
  /** Consume on this connection from now on. */
  attach(model: ChannelModel): Promise<void>;
  /** The connection is gone, and with it every message that was not acknowledged. */
  detach(): void;
  /** Messages held and not acknowledged. */
  readonly held: number;
}

/** After its signal aborted, a handler has this long to end before its messages are given back without it. */
const ABANDON_MS = 5_000;

/**
 * One consumer of one queue.
 *
 * A batch that its handler rejects is not handed back to the broker: each return counts as a death, so a database that
 * is away for a minute would send good messages to the dead letters. It is held and handed to the handler again, after
 * a pause that grows to five seconds, until it succeeds, the consumer is stopped, or the connection is lost.
 *
 * A message that kills its process takes all that was prefetched with it to the same count of deaths. From half the
 * limit on, messages are therefore taken one at a time, so that only the guilty one reaches the limit; batches come
 * back after a full prefetch of innocent ones.
 */
export function createAmqpConsumer(options: AmqpConsumerOptions): AmqpConsumer {
  const { queue, handler, log } = options;
  const suspectFrom = Math.max(1, Math.floor(options.deliveryLimit / 2));
  const isSuspect = (message: ConsumeMessage) => deathsOf(message) >= suspectFrom;
  const stopping = new AbortController();
  const abort = new AbortController();
  let session: Session | undefined;
  let attaching: Promise<unknown> = Promise.resolve();
  let working: Promise<void> | undefined;
  let stopped: Promise<void> | undefined;
  let [rejectionsInARow, innocentInARow, inHand] = [0, 0, 0];

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
        log.warn("A consumer could not go on", { queue, error });
        options.drop(`The consumer of ${queue} could not go on`);
      })
      .finally(() => {
        working = undefined;
        if (session && session.buffer.length > 0 && !session.over.signal.aborted) wake();
      });
  }

  async function work(): Promise<void> {
    // The rest of the same read of the socket joins the batch.
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
    const how = narrow ? "one by one, because some died with their consumer" : "in batches again";
    log.warn(`Messages are taken ${how}`, { queue });
    await release(from);
    await attach(from.model, narrow);
  }

  async function take(from: Session, batch: readonly ConsumeMessage[]): Promise<void> {
    inHand = batch.length;
    const handled = await handle(from, batch);
    inHand = 0;
    const last = batch.at(-1);
    if (!handled || !last) return;
    options.onHandled(batch.length);
    // Batches are taken in the order of arrival, so everything up to the last is handled.
    acknowledge(from, last, log);
  }

  async function handle(from: Session, batch: readonly ConsumeMessage[]): Promise<boolean> {
    for (let again = false; ; again = true) {
      try {
        await handler(
          batch.map((message) => toDelivery(message, again)),
          abort.signal,
        );
        rejectionsInARow = 0;
        return true;
      } catch (error) {
        const ms = Math.min(5_000, 100 * 2 ** Math.min(rejectionsInARow++, 10));
        options.onRejected();
        log.warn("A batch was rejected, it comes back after a pause", {
          queue,
          messages: batch.length,
          rejectionsInARow,
          error,
        });
        const giveUp = AbortSignal.any([stopping.signal, from.over.signal]);
        await pause(ms / 2 + fullJitter(0, ms / 2, ms / 2), giveUp);
        if (giveUp.aborted) return false;
      }
    }
  }

  async function stop(): Promise<void> {
    stopping.abort();
    await attaching;
    if (session) await cancelSession(session, queue, log);
    if (working) {
      const giveUp = () => abort.abort(new Error("the grace for stopping has passed"));
      const timer = setTimeout(giveUp, options.stopGraceMs);
      await within(options.stopGraceMs + ABANDON_MS, working, "Finishing the batch").catch((error) =>
        log.error("A batch did not end, its messages go back", { queue, error }),
      );
      clearTimeout(timer);
    }
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
