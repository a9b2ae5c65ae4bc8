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
 * Queries the broker on a separate channel, because a query about something that does not exist closes its channel. The
 * channel is on the publishing connection: while an alarm keeps the broker from reading that connection, nothing can be
 * published, so `ping` rightly fails as well.
 */
export function createAmqpQueries({
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
  let queryChannel: { model: ChannelModel; channel: Promise<Channel> } | undefined;
  let pinging: Promise<void> | undefined;

  async function query<T>(ms: number, what: string, run: (channel: Channel) => Promise<T>): Promise<T> {
    const { model } = link;
    if (!model) throw unavailable("The broker is not connected");
    if (queryChannel?.model !== model) queryChannel = { model, channel: open(model) };
    try {
      return await within(ms, queryChannel.channel.then(run), what);
    } catch (error) {
      throw unavailable(`${what} failed`, error);
    }
  }

  async function open(model: ChannelModel): Promise<Channel> {
    const forget = () => {
      if (queryChannel?.model === model) queryChannel = undefined;
    };
    try {
      const channel = await model.createChannel();
      channel.on("error", (error) => log.warn("The broker closed the query channel", { error }));
      channel.on("close", forget);
      return channel;
    } catch (error) {
      forget();
      throw error;
    }
  }

  return {
    /** Makes one round trip to the broker; concurrent callers share it. */
    ping(): Promise<void> {
      pinging ??= query(PING_MS, "Pinging the broker", (channel) => channel.checkExchange(topology.exchange))
        .then(() => undefined)
        .finally(() => {
          pinging = undefined;
        });
      return pinging;
    },

    depths(): Promise<readonly QueueDepth[]> {
      return query(DEPTHS_MS, "Reading the queue depths", (channel) =>
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
