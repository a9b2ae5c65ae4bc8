import { TypeCompiler } from "@sinclair/typebox/compiler";
import type { ReplayReply, ReplayRequest } from "../../contracts/api-commands.ts";
import { RefusedMessage } from "../../contracts/dead-letter.ts";
import { newJobId } from "../../contracts/ids.ts";
import type { Route } from "../../contracts/topology.ts";
import type { BatchHandler, Bus } from "../../shared/bus/port.ts";
import { AppError, messageOf } from "../../shared/errors.ts";
import { decodeMessage, type EventMaker, joinEnvelopes, type RefusedEnvelope } from "../../shared/event.ts";
import { createIsolation } from "../../shared/isolate.ts";
import { checkedPayload, createdEvent, jobTypeNamed } from "../../shared/job-request.ts";
import type { Log } from "../../shared/log.ts";
import { refusedMessage } from "../../shared/refusal.ts";
import type { Tracing } from "../../shared/tracing.ts";
import type { CommandStore } from "./command-store.ts";
import type { Commands } from "./commands.ts";
import type { DeadLetterRow, DeadLetterStore } from "./dead-letter-store.ts";

const SERVICE = "processor";
const refusedChecker = TypeCompiler.Compile(RefusedMessage);

export interface DeadLettersOptions {
  readonly store: DeadLetterStore;
  readonly jobs: CommandStore;
  readonly commands: Pick<Commands, "retry">;
  readonly bus: Bus;
  readonly makeEvent: EventMaker;
  readonly tracing: Tracing;
  readonly log: Log;
  /** Counts messages that are parked. */
  readonly onParked: (messages: number) => void;
}

/** Files what broke its contract, and lets people replay, edit or drop it. */
export function createDeadLetters(options: DeadLettersOptions) {
  const { store, jobs, commands, bus, makeEvent, tracing, log, onParked } = options;
  const writeAll = createIsolation<RefusedMessage>({
    probe: () => store.rehearse(canary()),
    keyOf: ({ id }) => id,
    log,
  });

  /** Consumes `jobs.failed.validation`. What is no refused message is itself filed as one. */
  const file: BatchHandler = async (batch) => {
    const messages = new Map<string, RefusedMessage>();
    for (const { body, diedOn } of batch) {
      const message = readRefused(body, diedOn);
      // The metrics-engine refuses it too; a replay has to go where the job was lost, as the store keeps it as well.
      if (messages.get(message.id)?.queue !== "jobs.created") messages.set(message.id, message);
    }
    const condemned = await writeAll([...messages.values()], store.file);
    for (const { entry, error } of condemned) {
      messages.delete(entry.id);
      const parked = { ...entry, parkedBecause: messageOf(error) };
      await bus.publish("messages.parked", Buffer.from(JSON.stringify(parked)));
      log.error("Parked a message that cannot be filed", {
        deadLetterId: entry.id,
        jobId: entry.jobId,
        error,
      });
    }
    if (condemned.length > 0) onParked(condemned.length);
    told(messages.values());
  };

  /**
   * Consumes `messages.parked`: tries each message alone and keeps what fails, which comes again after a pause. So it
   * is filed within seconds once its cause is gone, and holds up nothing but its like.
   */
  const fileParked: BatchHandler = async (batch) => {
    const failures: unknown[] = [];
    for (const { body, diedOn } of batch) {
      const message = readRefused(body, diedOn);
      try {
        await store.file([message]);
        told([message]);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  };

  function told(messages: Iterable<RefusedMessage>): void {
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
      const detail = `Its consumers died with it too often${events.length > 1 ? `; it carries ${events.length} events` : ""}`;
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
        detail: "A message on jobs.failed.validation that is no refused message",
      },
      { queue: "jobs.failed.validation", service: SERVICE },
    );
  }

  async function replay(id: string, request: ReplayRequest, correlationId: string): Promise<ReplayReply> {
    const letter = await store.get(id);
    if (!letter) throw notFound(id);
    const outcome =
      letter.kind === "job"
        ? await replayJob(letter, request, correlationId)
        : await replayMessage(letter, request);
    // A retry of the dead job marks its letter itself, in the transaction that revives it.
    if (outcome.eventId || letter.kind === "message") await store.markReplayed(id, outcome.jobId ?? null);
    log.info("Replayed a dead letter", {
      deadLetterId: id,
      ...outcome,
      edited: request.payload !== undefined || request.body !== undefined,
    });
    return { deadLetterId: id, ...outcome };
  }

  async function replayJob(
    { jobId }: DeadLetterRow,
    { payload, body }: ReplayRequest,
    correlationId: string,
  ): Promise<Omit<ReplayReply, "deadLetterId">> {
    if (body !== undefined)
      throw new AppError("VALIDATION_FAILED", "A dead job is edited by its `payload`, not by a `body`");
    if (!jobId) throw new Error("a dead letter of kind job has no job id");
    if (payload === undefined) {
      await commands.retry(jobId);
      return { jobId };
    }
    const origin = await jobs.request(jobId);
    if (!origin) throw new AppError("JOB_NOT_FOUND", `No job has the id ${jobId}`);
    const newId = newJobId();
    const span = tracing.begin(newId, "publish jobs.created", "producer");
    const event = createdEvent(
      makeEvent,
      {
        jobId: newId,
        jobType: origin.type,
        payload: checkedPayload(jobTypeNamed(origin.type), payload),
        priority: origin.priority,
        ...(origin.maxAttempts !== null && { maxAttempts: origin.maxAttempts }),
        ...(origin.deadlineMs !== null && { deadlineMs: origin.deadlineMs }),
        originId: jobId,
        originKind: "edit",
        ...(origin.metadata && { metadata: origin.metadata }),
      },
      { correlationId, causationId: origin.createdEventId, traceparent: span?.traceparent },
    );
    await bus.publish("jobs.created", joinEnvelopes([JSON.stringify(event)]));
    span?.end({ "job.id": newId, "job.type": origin.type, "job.origin_id": jobId });
    return { jobId: newId, eventId: event.eventId };
  }

  async function replayMessage(
    { queue, body: original }: DeadLetterRow,
    { payload, body }: ReplayRequest,
  ): Promise<Omit<ReplayReply, "deadLetterId">> {
    if (payload !== undefined)
      throw new AppError(
        "VALIDATION_FAILED",
        "A dead message is edited by its `body`, the whole text, not by a `payload`",
      );
    const bytes = body === undefined ? original : Buffer.from(body);
    const { events, refused } = decodeMessage(bytes);
    // As it was, it may be replayed whatever it is: a newer consumer may read it. What a person wrote must be right.
    if (body !== undefined && refused[0])
      throw new AppError("VALIDATION_FAILED", `The edited body breaks its contract: ${refused[0].detail}`);
    await bus.publish(routeOf(queue), bytes);
    const [event] = events;
    return event ? { jobId: event.payload.jobId, eventId: event.eventId } : {};
  }

  return {
    file,
    fileParked,
    replay,

    /** Publish refused envelopes to `jobs.failed.validation`. */
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

/** A message like any other, for finding out whether the store files one; it is never kept. */
const canary = () =>
  refusedMessage(
    { original: Buffer.from(crypto.randomUUID()), reason: "MALFORMED", detail: "canary" },
    { queue: "jobs.created", service: SERVICE },
  );

function routeOf(queue: string): Route {
  if (queue === "jobs.created") return "jobs.created";
  if (queue === "events.observed") return "jobs.transitions";
  throw new AppError("DEAD_LETTER_STATE_CONFLICT", `A message that died on ${queue} cannot be replayed`);
}

function notFound(id: string): AppError {
  return new AppError("DEAD_LETTER_NOT_FOUND", `No dead letter has the id ${id}`);
}
