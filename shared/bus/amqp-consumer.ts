import type { Channel, ChannelModel, ConsumeMessage } from "amqplib";
import type { QueueName } from "../../contracts/topology.ts";
import { fullJitter, pause } from "../async.ts";
import type { Log } from "../log.ts";
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
  /** Consume on this connection from now on. */
  attach(model: ChannelModel): Promise<void>;
  /** The connection is gone, and with it every message that was not acknowledged. */
  detach(): void;
  /** Messages held and not acknowledged. */
  readonly held: number;
}

/** After its signal aborted, a handler has this long to end before its messages are given back without it. */
const ABANDON_MS = 5_000;
const ANSWER_MS = 5_000;

/** What belongs to one channel. A batch is acknowledged on the session it came from, or not at all. */
interface Session {
  readonly model: ChannelModel;
  readonly channel: Channel;
  readonly narrow: boolean;
  readonly buffer: ConsumeMessage[];
  readonly over: AbortController;
}

/**
 * One consumer of one queue.
 *
 * A batch that its handler rejects is not handed back to the broker: each return counts as a death, so a database that
 * is away for a minute would send good messages to the dead letters. It is held and handed to the handler again, after
 * a pause that grows to five seconds, until it succeeds, the consumer is stopped, or the connection is lost.
 *
 * A message that kills its process takes all that was prefetched with it to the same count of deaths. From half the
 * limit on, messages are therefore taken one at a time, so that only the guilty one reaches the limit.
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
  let rejectionsInARow = 0;
  let inHand = 0;

  async function open(model: ChannelModel, narrow: boolean): Promise<void> {
    if (stopping.signal.aborted) return;
    const channel = await model.createChannel();
    const opened: Session = { model, channel, narrow, buffer: [], over: new AbortController() };
    const lose = (reason: string) => {
      if (opened.over.signal.aborted) return;
      opened.over.abort();
      options.drop(reason);
    };
    channel.on("error", (error) => log.warn("The broker closed the channel of a consumer", { queue, error }));
    channel.on("close", () => lose(`The channel of ${queue} closed`));
    await channel.prefetch(narrow ? 1 : options.prefetch);
    // Before the reply: the first deliveries may be in the same read of the socket.
    session = opened;
    await channel.consume(
      queue,
      (message) => {
        if (message === null) return lose(`The broker cancelled the consumer of ${queue}`);
        if (opened.over.signal.aborted) return;
        opened.buffer.push(message);
        wake();
      },
      { consumerTag: queue },
    );
  }

  function attach(model: ChannelModel, narrow = false): Promise<void> {
    const opening = open(model, narrow);
    attaching = opening.catch(() => undefined);
    return opening;
  }

  /** Give back what is not acknowledged, and wait until the broker knows what is. */
  async function release(held: Session): Promise<void> {
    if (session === held) session = undefined;
    if (held.over.signal.aborted) return;
    held.over.abort();
    try {
      await within(ANSWER_MS, held.channel.close(), "Closing the channel");
    } catch (error) {
      log.debug("Could not close the channel in order", { queue, error });
      options.drop(`The channel of ${queue} did not close`);
    }
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
      const suspect = from.buffer.some(isSuspect);
      if (suspect !== from.narrow) {
        log.warn(
          suspect
            ? "Messages that died with their consumers are taken one by one"
            : "Batches are taken again",
          { queue, deaths: deathsOf(from.buffer[0] as ConsumeMessage) },
        );
        await release(from);
        await attach(from.model, suspect);
        continue;
      }
      await take(from, from.buffer.splice(0, options.maxBatch));
    }
  }

  async function take(from: Session, batch: readonly ConsumeMessage[]): Promise<void> {
    inHand = batch.length;
    const handled = await handle(from, batch);
    inHand = 0;
    const last = batch.at(-1);
    if (!handled || !last) return;
    options.onHandled(batch.length);
    // On a new channel the tag would mean another message; this one comes again.
    if (from.over.signal.aborted) return;
    try {
      // Batches are taken in the order of their tags, so everything up to the last is handled.
      from.channel.ack(last, true);
    } catch (error) {
      log.debug("Could not acknowledge, the channel has just closed", { queue, error });
    }
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
        const n = rejectionsInARow++;
        options.onRejected();
        log.warn("A batch was rejected, it comes back after a pause", {
          queue,
          messages: batch.length,
          rejectionsInARow,
          error,
        });
        const ms = Math.min(5_000, 100 * 2 ** Math.min(n, 10));
        const giveUp = AbortSignal.any([stopping.signal, from.over.signal]);
        await pause(ms / 2 + fullJitter(0, ms / 2, ms / 2), giveUp);
        if (giveUp.aborted) return false;
      }
    }
  }

  async function stop(): Promise<void> {
    stopping.abort();
    await attaching;
    const held = session;
    if (held && !held.over.signal.aborted)
      await within(ANSWER_MS, held.channel.cancel(queue), "Cancelling the consumer").catch((error) =>
        log.debug("Could not cancel the consumer in order", { queue, error }),
      );
    if (working) {
      const timer = setTimeout(
        () => abort.abort(new Error("the grace for stopping has passed")),
        options.stopGraceMs,
      );
      await within(options.stopGraceMs + ABANDON_MS, working, "Finishing the batch").catch((error) =>
        log.error("A batch did not end, its messages go back", { queue, error }),
      );
      clearTimeout(timer);
    }
    if (session) await release(session);
  }

  return {
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
