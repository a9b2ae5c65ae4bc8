import type { ChannelModel, ConfirmChannel } from "amqplib";
import type { Route } from "../../../contracts/topology.ts";
import { createIdler } from "../../async.ts";
import { AppError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { type BrokerEvent, type BrokerState, nextBrokerState, REFUSALS } from "./broker-state.ts";

export interface AmqpPublisherOptions {
  readonly exchange: string;
  readonly log: Log;
  readonly maxUnconfirmed: number;
  readonly maxUnconfirmedBytes: number;
  /** How many messages may wait for room in the unconfirmed window; `maxUnconfirmedBytes` also limits their bytes. */
  readonly maxWaiting: number;
  readonly confirmTimeoutMs: number;
  readonly unavailable: (message: string, cause?: unknown) => AppError;
  /** Drops the connection; the link then opens another. */
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
 * Publishes messages in a pipeline, using publisher confirms. A message is *unconfirmed* from the write until the
 * broker's answer. When the window of unconfirmed messages is full, further messages *wait* in order; when too many are
 * waiting, more are refused. While the broker is unreachable, every message is refused. A message that has no answer
 * after `confirmTimeoutMs` is rejected. If the broker has announced that it is blocked, the message keeps its place in
 * the window, because its bytes are still in transit; otherwise the connection is dropped. {@link BrokerState} decides
 * whether later messages are refused.
 */
export function createAmqpPublisher(options: AmqpPublisherOptions) {
  const { exchange, log, confirmTimeoutMs, unavailable } = options;
  /** Messages in sending order. Ids are never reused, so a late answer on a lost connection matches no entry. */
  const unconfirmed = new Map<number, Entry>();
  const waiting: Entry[] = [];
  /**
   * Idle once every message has been confirmed or rejected. Messages rejected after `confirmTimeoutMs` do not keep it
   * busy, although they stay in `unconfirmed`, because the broker may still confirm them.
   */
  const idler = createIdler(
    () => waiting.length === 0 && (unconfirmed.size === 0 || newestSentAt <= expiredUntil),
  );
  let channel: ConfirmChannel | undefined;
  let broker: BrokerState = "detached";
  let nextId = 0;
  let unconfirmedBytes = 0;
  let waitingBytes = 0;
  let newestSentAt = 0;
  let expiredUntil = 0;
  /** True from when the socket's buffer fills up until the channel emits "drain". */
  let isFull = false;
  let isEnded = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const note = (event: BrokerEvent) => {
    broker = nextBrokerState(broker, event);
  };
  const hasRoom = (bytes: number) =>
    !isFull &&
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
      const detail = `${unconfirmed.size} messages are unconfirmed and ${waiting.length} waiting; no more are accepted`;
      entry.reject(new AppError("OVERLOADED", detail));
      return;
    }
    timer ??= setTimeout(expire, confirmTimeoutMs);
  }

  function send(entry: Entry): void {
    const id = nextId++;
    unconfirmed.set(id, entry);
    newestSentAt = entry.at;
    unconfirmedBytes += entry.body.length;
    const properties = { persistent: true, mandatory: true, messageId: String(id) };
    try {
      if (!channel) throw new Error("The broker is not connected");
      const more = channel.publish(exchange, entry.route, entry.body, properties, (error) =>
        onAnswer(id, error),
      );
      if (!more) isFull = true;
    } catch (error) {
      // The channel has just closed, and its "close" event is still pending.
      forget(id, entry);
      entry.reject(unavailable("Could not publish: the connection is closing", error));
    }
  }

  function onAnswer(id: number, error: unknown): void {
    const entry = unconfirmed.get(id);
    if (!entry) return;
    note("confirmed");
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
    idler.settle();
  }

  function sendWaiting(): void {
    for (let entry = waiting[0]; entry && hasRoom(entry.body.length); entry = waiting[0]) {
      waiting.shift();
      waitingBytes -= entry.body.length;
      send(entry);
    }
  }

  function expire(): void {
    expiredUntil = Date.now() - confirmTimeoutMs;
    const late = () => unavailable(`The broker did not confirm the message within ${confirmTimeoutMs} ms`);
    let isLate = false;
    for (const entry of unconfirmed.values()) {
      if (entry.at > expiredUntil) break;
      entry.reject(late());
      isLate = true;
    }
    for (let entry = waiting[0]; entry && entry.at <= expiredUntil; entry = waiting[0]) {
      waiting.shift();
      waitingBytes -= entry.body.length;
      entry.reject(late());
    }
    note(isLate ? "late" : "inTime");
    if (broker === "silent") options.drop("No confirm arrived in time");
    idler.settle();
    const oldest = unconfirmed.values().next().value ?? waiting[0];
    timer = oldest && setTimeout(expire, Math.max(100, oldest.at + confirmTimeoutMs - Date.now()));
  }

  return {
    /** Starts publishing on this connection. */
    async attach(model: ChannelModel): Promise<void> {
      const opened = await model.createConfirmChannel();
      opened.on("error", (error) => log.warn("The broker closed the publisher's channel", { error }));
      opened.on("close", () => channel === opened && options.drop("The publisher's channel closed"));
      opened.on("drain", () => {
        isFull = false;
        sendWaiting();
      });
      // The broker returns an unroutable message before confirming it. Reconnecting declares the missing binding again.
      opened.on("return", ({ fields, properties }) => {
        log.error("A message was unroutable, declaring the topology again", { route: fields.routingKey });
        unconfirmed.get(Number(properties.messageId))?.reject(unavailable("The message was unroutable"));
        options.drop("A message was unroutable");
      });
      model.on("blocked", (reason) => {
        note("blocked");
        log.warn("The broker accepts no messages for now", { reason });
      });
      model.on("unblocked", () => {
        note("unblocked");
        log.info("The broker accepts messages again");
      });
      isFull = false;
      channel = opened;
      note("attached");
    },

    /** Handles a lost connection: messages in flight may or may not have arrived. */
    detach(error: Error): void {
      channel = undefined;
      note("lost");
      const lost = [...unconfirmed.values(), ...waiting.splice(0)];
      unconfirmed.clear();
      unconfirmedBytes = 0;
      waitingBytes = 0;
      for (const entry of lost)
        entry.reject(unavailable("The connection to the broker was lost before the confirm", error));
      idler.settle();
    },

    publish(route: Route, body: Uint8Array): Promise<void> {
      const refusal = isEnded ? "The bus is closed" : REFUSALS[broker];
      if (refusal !== undefined) return Promise.reject(unavailable(refusal));
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

    /** Accepts no more messages and waits until none is in flight. */
    async end(): Promise<void> {
      isEnded = true;
      if (REFUSALS[broker] === undefined) await idler.idle();
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
