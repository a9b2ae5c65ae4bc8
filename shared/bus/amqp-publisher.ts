import type { ChannelModel, ConfirmChannel } from "amqplib";
import type { Route } from "../../contracts/topology.ts";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";

export interface AmqpPublisherOptions {
  readonly exchange: string;
  readonly log: Log;
  readonly maxUnconfirmed: number;
  readonly maxUnconfirmedBytes: number;
  /** Messages that may wait for room among the unconfirmed (their bytes are bounded as those of the unconfirmed). */
  readonly maxWaiting: number;
  readonly confirmTimeoutMs: number;
  readonly unavailable: (message: string, cause?: unknown) => AppError;
  /** Give the connection up and make another. */
  readonly drop: (reason: string) => void;
  readonly onPublished: (route: Route) => void;
}

interface Entry {
  readonly route: Route;
  readonly body: Buffer;
  readonly at: number;
  readonly resolve: () => void;
  readonly reject: (error: AppError) => void;
}

/**
 * Pipelined publishing with confirms. A message is *unconfirmed* from the write until the broker's answer; when the
 * window of these is full it *waits*, in order; when the wait is full it is refused. Nothing waits while the broker is
 * away. A message without an answer for `confirmTimeoutMs` is rejected: with a broker that has blocked us (memory or
 * disk alarm) it keeps its place in the window, since its bytes are still under way, and what comes later is refused
 * at once until answers come again; otherwise the connection is given up.
 */
export function createAmqpPublisher(options: AmqpPublisherOptions) {
  const { exchange, log, confirmTimeoutMs, unavailable } = options;
  /** In the order of sending. Ids are never used again, so that an answer of a lost connection finds nothing. */
  const unconfirmed = new Map<number, Entry>();
  const waiting: Entry[] = [];
  const idlers: (() => void)[] = [];
  let channel: ConfirmChannel | undefined;
  let [nextId, unconfirmedBytes, waitingBytes] = [0, 0, 0];
  let [draining, blocked, stalled, ended] = [false, false, false, false];
  let timer: ReturnType<typeof setTimeout> | undefined;

  const hasRoom = (bytes: number) =>
    !draining &&
    unconfirmed.size < options.maxUnconfirmed &&
    (unconfirmed.size === 0 || unconfirmedBytes + bytes <= options.maxUnconfirmedBytes);
  const mayWait = (bytes: number) =>
    waiting.length < options.maxWaiting &&
    (waiting.length === 0 || waitingBytes + bytes <= options.maxUnconfirmedBytes);

  function submit(entry: Entry): void {
    const bytes = entry.body.length;
    if (waiting.length === 0 && hasRoom(bytes)) send(entry);
    else if (mayWait(bytes)) {
      waiting.push(entry);
      waitingBytes += bytes;
    } else {
      const detail = `${unconfirmed.size} messages are unconfirmed and ${waiting.length} wait, more are not taken`;
      entry.reject(new AppError("OVERLOADED", detail));
      return;
    }
    timer ??= setTimeout(expire, confirmTimeoutMs);
  }

  function send(entry: Entry): void {
    const id = nextId++;
    unconfirmed.set(id, entry);
    unconfirmedBytes += entry.body.length;
    const properties = { persistent: true, mandatory: true, messageId: String(id) };
    try {
      if (!channel) throw new Error("The broker is not connected");
      const more = channel.publish(exchange, entry.route, entry.body, properties, (error) =>
        onAnswer(id, error),
      );
      if (!more) draining = true;
    } catch (error) {
      // The channel has just closed and its event has not reached us yet.
      forget(id, entry);
      entry.reject(unavailable("Could not publish: the connection is closing", error));
    }
  }

  function onAnswer(id: number, error: unknown): void {
    const entry = unconfirmed.get(id);
    if (!entry) return;
    stalled = false;
    forget(id, entry);
    if (error) entry.reject(unavailable("The broker did not confirm the message", error));
    else {
      entry.resolve();
      options.onPublished(entry.route);
    }
    sendWaiting();
  }

  function forget(id: number, entry: Entry): void {
    unconfirmed.delete(id);
    unconfirmedBytes -= entry.body.length;
    settleIdlers();
  }

  function settleIdlers(): void {
    if (unconfirmed.size + waiting.length === 0) for (const resolve of idlers.splice(0)) resolve();
  }

  function sendWaiting(): void {
    for (let entry = waiting[0]; entry && hasRoom(entry.body.length); entry = waiting[0]) {
      waiting.shift();
      waitingBytes -= entry.body.length;
      send(entry);
    }
  }

  function expire(): void {
    const limit = Date.now() - confirmTimeoutMs;
    const late = () => unavailable(`The broker has not confirmed within ${confirmTimeoutMs} ms`);
    let expired = 0;
    for (const entry of unconfirmed.values()) {
      if (entry.at > limit) break;
      entry.reject(late());
      expired++;
    }
    for (let entry = waiting[0]; entry && entry.at <= limit; entry = waiting[0]) {
      waiting.shift();
      waitingBytes -= entry.body.length;
      entry.reject(late());
    }
    stalled = expired > 0;
    if (stalled && !blocked) options.drop("No confirm came in time");
    if (waiting.length === 0 && expired === unconfirmed.size)
      for (const resolve of idlers.splice(0)) resolve();
    const oldest = unconfirmed.values().next().value ?? waiting[0];
    timer = oldest && setTimeout(expire, Math.max(100, oldest.at + confirmTimeoutMs - Date.now()));
  }

  return {
    /** Take this connection into use. */
    async attach(model: ChannelModel): Promise<void> {
      const opened = await model.createConfirmChannel();
      opened.on("error", (error) => log.warn("The broker closed the channel of the publisher", { error }));
      opened.on("close", () => channel === opened && options.drop("The channel of the publisher closed"));
      opened.on("drain", () => {
        draining = false;
        sendWaiting();
      });
      // Comes before the confirm of the same message. A new connection declares the missing binding again.
      opened.on("return", ({ fields, properties }) => {
        log.error("A message found no queue, declaring the topology again", { route: fields.routingKey });
        unconfirmed.get(Number(properties.messageId))?.reject(unavailable("The message found no queue"));
        options.drop("A message found no queue");
      });
      model.on("blocked", (reason) => {
        blocked = true;
        log.warn("The broker takes no messages for now", { reason });
      });
      model.on("unblocked", () => {
        blocked = false;
        log.info("The broker takes messages again");
      });
      [draining, blocked, stalled] = [false, false, false];
      channel = opened;
    },

    /** The connection is gone: what was under way may or may not have arrived. */
    detach(error: Error): void {
      channel = undefined;
      const lost = [...unconfirmed.values(), ...waiting.splice(0)];
      unconfirmed.clear();
      [unconfirmedBytes, waitingBytes] = [0, 0];
      for (const entry of lost)
        entry.reject(unavailable("The connection to the broker was lost before the confirm", error));
      settleIdlers();
    },

    publish(route: Route, body: Uint8Array): Promise<void> {
      if (ended) return Promise.reject(unavailable("The bus is closed"));
      if (!channel) return Promise.reject(unavailable("The broker is not connected"));
      if (stalled) return Promise.reject(unavailable("The broker does not confirm messages at present"));
      return new Promise((resolve, reject) =>
        submit({
          route,
          body: Buffer.from(body.buffer, body.byteOffset, body.byteLength),
          at: Date.now(),
          resolve,
          reject,
        }),
      );
    },

    /** Take no more, and wait until nothing is under way. */
    async end(): Promise<void> {
      ended = true;
      if (unconfirmed.size + waiting.length > 0 && !stalled)
        await new Promise<void>((resolve) => idlers.push(resolve));
      clearTimeout(timer);
    },

    get unconfirmed() {
      return unconfirmed.size;
    },
    get waiting() {
      return waiting.length;
    },
  };
}
