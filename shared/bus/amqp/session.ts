import type { Channel, ChannelModel, ConsumeMessage } from "amqplib";
import type { QueueName } from "../../../contracts/topology.ts";
import { within } from "../../async.ts";
import type { Log } from "../../log.ts";

/** A consumer's channel. A batch is acknowledged on the session it came from, or not at all. */
export interface Session {
  readonly model: ChannelModel;
  readonly channel: Channel;
  /** Whether the session takes only one message at a time. */
  readonly narrow: boolean;
  /** Messages that have arrived but have not yet been passed to the handler. */
  readonly buffer: ConsumeMessage[];
  /** Aborts when the channel is closed or closing: its deliveries can no longer be acknowledged. */
  readonly over: AbortController;
}

export interface SessionOptions {
  readonly model: ChannelModel;
  readonly queue: QueueName;
  readonly prefetch: number;
  readonly narrow: boolean;
  readonly log: Log;
  /** Called before the first message can arrive. */
  readonly onOpen: (session: Session) => void;
  readonly onMessage: () => void;
  /** Called when the channel ends unexpectedly. */
  readonly onLost: (reason: string) => void;
}

const ANSWER_MS = 5_000;

/** Opens a channel and consumes a queue on it. */
export async function openSession(options: SessionOptions): Promise<void> {
  const { model, queue, narrow, log } = options;
  const channel = await model.createChannel();
  const session: Session = { model, channel, narrow, buffer: [], over: new AbortController() };
  const lose = (reason: string) => {
    if (session.over.signal.aborted) return;
    session.over.abort();
    options.onLost(reason);
  };
  channel.on("error", (error) => log.warn("The broker closed a consumer's channel", { queue, error }));
  channel.on("close", () => lose(`The channel of ${queue} closed`));
  await channel.prefetch(narrow ? 1 : options.prefetch);
  // `onOpen` is called before the broker's reply to `consume`, because the first deliveries may arrive in the same
  // socket read as the reply.
  options.onOpen(session);
  await channel.consume(
    queue,
    (message) => {
      // The queue was deleted, or its node went down.
      if (message === null) return lose(`The broker cancelled the consumer of ${queue}`);
      if (session.over.signal.aborted) return;
      session.buffer.push(message);
      options.onMessage();
    },
    { consumerTag: queue },
  );
}

/** Stops the delivery of further messages. Messages already held can still be acknowledged. */
export async function cancelSession(session: Session, queue: QueueName, log: Log): Promise<void> {
  if (session.over.signal.aborted) return;
  await within(ANSWER_MS, session.channel.cancel(queue), "Cancelling the consumer").catch((error) =>
    log.debug("Could not cancel the consumer cleanly", { queue, error }),
  );
}

/**
 * Returns unacknowledged messages to the queue and waits until the broker has processed the acknowledgments. Resolves
 * to whether the broker confirmed the close. Each return counts as one more death of the message.
 */
export async function closeSession(session: Session, queue: QueueName, log: Log): Promise<boolean> {
  if (session.over.signal.aborted) return true;
  session.over.abort();
  try {
    await within(ANSWER_MS, session.channel.close(), "Closing the channel");
    return true;
  } catch (error) {
    log.debug("Could not close the channel cleanly", { queue, error });
    return false;
  }
}

/** Acknowledges every message up to this one. If its channel has closed, the messages are redelivered instead. */
export function acknowledge(session: Session, last: ConsumeMessage, log: Log): void {
  // On a new channel, the same delivery tag would denote a different message.
  if (session.over.signal.aborted) return;
  try {
    session.channel.ack(last, true);
  } catch (error) {
    log.debug("Could not acknowledge: the channel has just closed", { error });
  }
}
