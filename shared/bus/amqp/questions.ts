import type { Channel, ChannelModel } from "amqplib";
import type { Topology } from "../../../contracts/topology.ts";
import { within } from "../../async.ts";
import type { AppError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { QueueDepth } from "../port.ts";
import type { AmqpLink } from "./link.ts";

const PING_MS = 2_000;
const DEPTHS_MS = 5_000;

/**
 * Queries to the broker, on a separate channel, since a query about something that does not exist closes it. It shares
 * the connection that publishes: while a broker with an alarm does not read from that, `ping` fails, and rightly so.
 */
export function createAmqpQuestions({
  link,
  topology,
  log,
  unavailable,
}: {
  readonly link: AmqpLink;
  readonly topology: Topology;
  readonly log: Log;
  readonly unavailable: (message: string, cause?: unknown) => AppError;
}) {
  let asking: { model: ChannelModel; channel: Promise<Channel> } | undefined;
  let pinging: Promise<void> | undefined;

  async function ask<T>(ms: number, what: string, question: (channel: Channel) => Promise<T>): Promise<T> {
    const { model } = link;
    if (!model) throw unavailable("The broker is not connected");
    if (asking?.model !== model) asking = { model, channel: open(model) };
    try {
      return await within(ms, asking.channel.then(question), what);
    } catch (error) {
      throw unavailable(`${what} failed`, error);
    }
  }

  async function open(model: ChannelModel): Promise<Channel> {
    const forget = () => {
      if (asking?.model === model) asking = undefined;
    };
    try {
      const channel = await model.createChannel();
      channel.on("error", (error) => log.warn("The broker closed the channel of questions", { error }));
      channel.on("close", forget);
      return channel;
    } catch (error) {
      forget();
      throw error;
    }
  }

  return {
    /** Makes a round trip; concurrent callers share one. */
    ping(): Promise<void> {
      pinging ??= ask(PING_MS, "Pinging the broker", (channel) => channel.checkExchange(topology.exchange))
        .then(() => undefined)
        .finally(() => {
          pinging = undefined;
        });
      return pinging;
    },

    depths(): Promise<readonly QueueDepth[]> {
      return ask(DEPTHS_MS, "Reading the depths", (channel) =>
        Promise.all(
          topology.queues.map(async ({ name }) => {
            const { messageCount, consumerCount } = await channel.checkQueue(name);
            return { name, ready: messageCount, consumers: consumerCount };
          }),
        ),
      );
    },
  };
}
