import { TypeCompiler } from "@sinclair/typebox/compiler";
import type { ReplayReply } from "../../contracts/api-commands.ts";
import { RefusedMessage } from "../../contracts/dead-letter.ts";
import type { BatchHandler, Bus } from "../../shared/bus/port.ts";
import { AppError, messageOf } from "../../shared/errors.ts";
import { decodeMessage, type RefusedEnvelope } from "../../shared/event.ts";
import { createIsolation } from "../../shared/isolate.ts";
import type { Log } from "../../shared/log.ts";
import { refusedMessage } from "../../shared/refused-message.ts";
import type { DeadLetterStore } from "./dead-letter-store.ts";

const SERVICE = "processor";
const refusedChecker = TypeCompiler.Compile(RefusedMessage);

export interface DeadLettersOptions {
  readonly store: DeadLetterStore;
  readonly bus: Bus;
  readonly log: Log;
  /** Called with the number of messages that were parked just now because they could not be filed. */
  readonly onParked: (messages: number) => void;
}

/** Creates the handlers that file refused messages as dead letters, and the command that drops a dead letter. */
export function createDeadLetters(options: DeadLettersOptions) {
  const { store, bus, log, onParked } = options;
  const writeAll = createIsolation<RefusedMessage>({
    probe: () => store.rehearse(canary()),
    keyOf: ({ id }) => id,
    log,
  });

  /**
   * Consumes the refused messages on `jobs.failed.validation`. A message of any other form on this queue becomes a dead
   * letter itself. Messages that cannot be filed are parked, that is, published to `messages.parked`.
   */
  const file: BatchHandler = async (batch) => {
    const messages = new Map<string, RefusedMessage>();
    for (const { body, diedOn } of batch) {
      const message = readRefused(body, diedOn);
      // The processor and the metrics-engine may both have refused the same message. Like the store, prefer the copy
      // that the processor received from `jobs.created`, because a replay must go to that queue.
      if (messages.get(message.id)?.queue !== "jobs.created") messages.set(message.id, message);
    }
    const unfiled = await writeAll([...messages.values()], store.file);
    for (const { entry, error } of unfiled) {
      messages.delete(entry.id);
      const parked = { ...entry, parkedBecause: messageOf(error) };
      await bus.publish("messages.parked", Buffer.from(JSON.stringify(parked)));
      log.error("Parked a message that cannot be filed", {
        deadLetterId: entry.id,
        jobId: entry.jobId,
        error,
      });
    }
    if (unfiled.length > 0) onParked(unfiled.length);
    logFiled(messages.values());
  };

  /**
   * Consumes `messages.parked`, the messages that could not be filed. It files each message separately; if any fails,
   * the whole batch is tried again after a pause. Once the cause of a failure is gone, the message is therefore filed
   * within seconds. Until then, the retries delay only other parked messages.
   */
  const fileParked: BatchHandler = async (batch) => {
    const failures: unknown[] = [];
    for (const { body, diedOn } of batch) {
      const message = readRefused(body, diedOn);
      try {
        await store.file([message]);
        logFiled([message]);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  };

  function logFiled(messages: Iterable<RefusedMessage>): void {
    for (const { id, reason, queue, jobId } of messages)
      log.warn("Filed a dead letter", { deadLetterId: id, reason, queue, jobId });
  }

  function readRefused(body: Uint8Array, diedOn: RefusedMessage["queue"] | undefined): RefusedMessage {
    if (diedOn) {
      const { events, refused } = decodeMessage(body);
      const [first] = events;
      const ids =
        events.length === 1 && refused.length === 0 && first
          ? { jobId: first.payload.jobId, eventId: first.eventId }
          : {};
      const detail = `Consumers died too often while handling this message${events.length > 1 ? `; it carries ${events.length} events` : ""}`;
      return refusedMessage(
        { original: body, reason: "DELIVERY_LIMIT", detail, ...ids },
        { queue: diedOn as never, service: "bus" },
      );
    }
    try {
      const value: unknown = JSON.parse(Buffer.from(body).toString("utf8"));
      if (refusedChecker.Check(value)) return value;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    return refusedMessage(
      {
        original: body,
        reason: "MALFORMED",
        detail: "A message on jobs.failed.validation that does not describe a refused message",
      },
      { queue: "jobs.failed.validation", service: SERVICE },
    );
  }

  return {
    file,
    fileParked,

    /** Publishes refused envelopes to `jobs.failed.validation`. */
    async refuse(refused: readonly RefusedEnvelope[]): Promise<void> {
      await Promise.all(
        refused.map((one) => {
          const message = refusedMessage(one, { queue: "jobs.created", service: SERVICE });
          return bus.publish("jobs.failed.validation", Buffer.from(JSON.stringify(message)));
        }),
      );
    },

    async drop(id: string): Promise<ReplayReply> {
      if (!(await store.drop(id))) throw notFound(id);
      log.info("Dropped a dead letter", { deadLetterId: id });
      return { deadLetterId: id };
    },
  };
}
export type DeadLetters = ReturnType<typeof createDeadLetters>;

/** Creates a message for probing whether the store can file messages. The probe is rolled back. */
const canary = () =>
  refusedMessage(
    { original: Buffer.from(crypto.randomUUID()), reason: "MALFORMED", detail: "canary" },
    { queue: "jobs.created", service: SERVICE },
  );

export function notFound(id: string): AppError {
  return new AppError("DEAD_LETTER_NOT_FOUND", `No dead letter has the id ${id}`);
}
