import type { ReplayReply, ReplayRequest } from "../../contracts/api-commands.ts";
import type { JobEvent } from "../../contracts/events.ts";
import { replayedJobId } from "../../contracts/ids.ts";
import { versionRank } from "../../contracts/job-type.ts";
import type { Route } from "../../contracts/topology.ts";
import type { Bus } from "../../shared/bus/port.ts";
import { checkedPayload, jobTypeNamed } from "../../shared/checked-payload.ts";
import { createdEvent } from "../../shared/created-event.ts";
import { AppError } from "../../shared/errors.ts";
import { decodeMessage, type EventMaker, joinEnvelopes } from "../../shared/event.ts";
import type { Log } from "../../shared/log.ts";
import type { Tracing } from "../../shared/tracing.ts";
import { checkEditedMessage, checkEditedPayload } from "./check-edits.ts";
import type { CommandJob, CommandStore } from "./command-store.ts";
import type { Commands } from "./commands.ts";
import type { DeadLetterRow, DeadLetterStore } from "./dead-letter-store.ts";
import { notFound } from "./dead-letters.ts";
import type { Historian } from "./history.ts";
import type { KnownTypes } from "./known-types.ts";
import type { Outbox } from "./outbox.ts";
import type { PruneStore } from "./prune-store.ts";
import type { ReplayStore } from "./replay-store.ts";

export interface ReplayOptions {
  readonly store: DeadLetterStore;
  readonly jobs: CommandStore;
  readonly replays: ReplayStore;
  readonly commands: Pick<Commands, "retry">;
  readonly pruned: PruneStore["pruned"];
  readonly history: Historian;
  readonly outbox: Outbox;
  readonly bus: Bus;
  readonly makeEvent: EventMaker;
  readonly tracing: Tracing;
  readonly log: Log;
  readonly runs: KnownTypes["runs"];
  /** Called when a replay may have made a job due. */
  readonly onDue: () => void;
}

type Created = JobEvent<"job.created">;

/** A replay: the stored dead letter, the request to replay it, and the id of the command that carries the request. */
interface ReplayCommand {
  readonly letter: DeadLetterRow;
  readonly request: ReplayRequest;
  readonly requestHash: string;
  readonly correlationId: string;
  readonly commandId: string;
}

/**
 * Replays a dead letter. The method depends on what the dead letter holds:
 *
 * - a failed job starts a new run or, with an edited payload, becomes the origin of a new job;
 * - a message whose job was rejected starts a new run of that job, as the possibly edited message describes it, or
 *   creates a new job if the message names another type;
 * - a message whose idempotency key belongs to another request creates a new job, because the existing job must not
 *   change;
 * - any other message returns to its queue.
 *
 * The replay is recorded with the dead letter until the job or message fails again. Until then, a repeated request
 * receives the same reply.
 */
export function createReplay(options: ReplayOptions) {
  const {
    store,
    jobs,
    replays,
    commands,
    pruned,
    history,
    outbox,
    bus,
    makeEvent,
    tracing,
    log,
    runs,
    onDue,
  } = options;

  async function replay(
    id: string,
    request: ReplayRequest,
    correlationId: string,
    commandId: string,
  ): Promise<ReplayReply> {
    const requestHash = new Bun.CryptoHasher("sha256")
      .update(JSON.stringify(request))
      .digest("hex")
      .slice(0, 32);
    const letter = await store.get(id);
    if (!letter) throw notFound(id);
    if (letter.replayed && letter.replayReply && letter.replayRequest === requestHash)
      return letter.replayReply;
    const command = { letter, request, requestHash, correlationId, commandId };
    const reply = await (letter.kind === "job" ? replayJob(command) : replayMessage(command));
    log.info("Replayed a dead letter", { ...reply, edited: Object.keys(request).length > 0 });
    return reply;
  }

  async function replayJob(command: ReplayCommand): Promise<ReplayReply> {
    const { letter, request, commandId } = command;
    const { id: deadLetterId, jobId } = letter;
    if (request.body !== undefined)
      throw new AppError(
        "VALIDATION_FAILED",
        "The replay of a failed job takes an edited `payload`, not a `body`",
      );
    if (!jobId) throw new Error("a dead letter of kind job has no job id");
    if (request.payload === undefined) {
      // The statement that starts the job's new run also marks the dead letter as replayed.
      if (!letter.replayed) await retryOnce(deadLetterId, jobId, commandId);
      const [job] = await jobs.get([jobId]);
      return { deadLetterId, outcome: "new-run", jobId, ...(job && { run: job.run }) };
    }
    checkEditedPayload(request.payload);
    const origin = await jobs.request(jobId);
    if (!origin) throw new AppError("JOB_NOT_FOUND", `No job has the id ${jobId}`);
    return submitNewJob(
      command,
      {
        jobType: origin.type,
        payload: checkedPayload(jobTypeNamed(origin.type), request.payload),
        priority: origin.priority,
        ...(origin.maxAttempts !== null && { maxAttempts: origin.maxAttempts }),
        ...(origin.deadlineMs !== null && { deadlineMs: origin.deadlineMs }),
        originId: jobId,
        originKind: "edit",
        ...(origin.metadata && { metadata: origin.metadata }),
      },
      origin.createdEventId,
    );
  }

  /** Retries a job. Also succeeds if a concurrent request has already replayed the dead letter. */
  async function retryOnce(letterId: string, jobId: string, commandId: string): Promise<void> {
    try {
      await commands.retry(jobId, commandId);
    } catch (error) {
      const isRace = error instanceof AppError && error.code === "JOB_STATE_CONFLICT";
      if (!isRace || !(await store.get(letterId))?.replayed) throw error;
    }
  }

  async function replayMessage(command: ReplayCommand): Promise<ReplayReply> {
    const { letter, request } = command;
    if (request.payload !== undefined)
      throw new AppError(
        "VALIDATION_FAILED",
        "The replay of a message takes an edited `body` (the whole text), not a `payload`",
      );
    const bytes = request.body === undefined ? letter.body : Buffer.from(request.body);
    const message = decodeMessage(bytes);
    const { events, refused } = message;
    const [event] = events;
    const route = routeOf(letter.queue);
    // Any unedited message may be replayed, because a newer consumer may understand it. An edited message must meet its
    // contract.
    if (request.body !== undefined) {
      checkEditedMessage(message, route);
      for (const created of events) if (created.eventType === "job.created") await checkedPayloadOf(created);
    }
    if (
      route === "jobs.created" &&
      event?.eventType === "job.created" &&
      events.length + refused.length === 1
    ) {
      const [job] = await jobs.get([event.payload.jobId]);
      if (job) return replayOfKnownJob(command, event, job);
      // The idempotency key belongs to a deleted job, so the same message would be refused again.
      if (letter.reason === "IDEMPOTENCY_CONFLICT" && (await pruned(event.payload.jobId)))
        return replayUnderNewId(command, event, await checkedPayloadOf(event));
    }
    await bus.publish(route, bytes);
    return remember(command, {
      deadLetterId: letter.id,
      outcome: "sent",
      ...(event && { jobId: event.payload.jobId, eventId: event.eventId }),
    });
  }

  /**
   * Replays a message whose job already has a row. Publishing the message again would change nothing, because the job
   * is known.
   */
  async function replayOfKnownJob(
    command: ReplayCommand,
    event: Created,
    job: CommandJob,
  ): Promise<ReplayReply> {
    const { letter } = command;
    const isRejected = job.status === "REJECTED";
    if (!isRejected && letter.reason !== "IDEMPOTENCY_CONFLICT")
      throw new AppError(
        "DEAD_LETTER_STATE_CONFLICT",
        `Job ${job.id} of this message is ${job.status}, so there is nothing to replay; a finished job can be retried`,
        { facts: { jobId: job.id, status: job.status } },
      );
    const payload = await checkedPayloadOf(event);
    if (isRejected && event.payload.jobType === job.type) return rerun(command, event, payload, job);
    return replayUnderNewId(command, event, payload);
  }

  function replayUnderNewId(command: ReplayCommand, event: Created, payload: Created["payload"]["payload"]) {
    const { jobId: originId, sequence: _sequence, fingerprint: _fingerprint, ...fields } = event.payload;
    return submitNewJob(command, { ...fields, payload, originId, originKind: "replay" }, event.eventId);
  }

  /**
   * Returns a message's payload, after checking it if this processor knows the type. Refuses a type that no worker
   * knows.
   */
  async function checkedPayloadOf({ payload: { jobType, jobTypeVersion, payload } }: Created) {
    const version = jobTypeVersion === undefined ? null : versionRank(jobTypeVersion);
    if (runs(jobType, version)) return checkedPayload(jobTypeNamed(jobType), payload);
    const { workers } = await jobs.typeStatus(jobType, version ?? 0);
    return workers > 0 ? payload : checkedPayload(jobTypeNamed(jobType), payload);
  }

  async function rerun(
    { letter, requestHash }: ReplayCommand,
    { payload: facts }: Created,
    payload: Readonly<Record<string, unknown>>,
    job: CommandJob,
  ): Promise<ReplayReply> {
    const now = history.now();
    const runAt = facts.runAt ? new Date(facts.runAt) : now;
    const about = { run: job.run + 1, detail: { replayedByPerson: true } };
    const step =
      runAt > now
        ? history.move(job, "SCHEDULED", "job.scheduled", { runAt: runAt.toISOString() }, now, about)
        : history.move(job, "VALIDATED", "job.validated", { priority: facts.priority }, now, about);
    const reply: ReplayReply = {
      deadLetterId: letter.id,
      outcome: "new-run",
      jobId: job.id,
      run: job.run + 1,
    };
    const { done, message } = await replays.rerun(
      {
        job,
        step,
        payload,
        runAt,
        priority: facts.priority,
        metadata: facts.metadata ?? null,
        maxAttempts: facts.maxAttempts ?? null,
        deadlineMs: facts.deadlineMs ?? null,
        typeVersion: facts.jobTypeVersion === undefined ? null : versionRank(facts.jobTypeVersion),
      },
      letter.id,
      { request: requestHash, reply },
    );
    outbox.relay(message);
    if (done) onDue();
    // A concurrent replay that changed the job's status has also marked the dead letter as replayed.
    else if (!(await store.get(letter.id))?.replayed)
      throw new AppError("DEAD_LETTER_STATE_CONFLICT", `Job ${job.id} changed in the meantime; try again`);
    return reply;
  }

  async function submitNewJob(
    command: ReplayCommand,
    fields: Omit<Parameters<typeof createdEvent>[1], "jobId" | "fingerprint">,
    causationId: string,
  ): Promise<ReplayReply> {
    const { letter, requestHash, correlationId } = command;
    const jobId = replayedJobId(letter.id, letter.replays, requestHash);
    const span = tracing.begin(jobId, "publish jobs.created", "producer");
    const about = { correlationId, causationId, traceparent: span?.traceparent };
    const event = createdEvent(makeEvent, { ...fields, jobId }, about);
    await bus.publish("jobs.created", joinEnvelopes([JSON.stringify(event)]));
    span?.end({ "job.id": jobId, "job.type": fields.jobType, "job.origin_id": fields.originId ?? "" });
    return remember(command, { deadLetterId: letter.id, outcome: "new-job", jobId, eventId: event.eventId });
  }

  async function remember({ letter, requestHash }: ReplayCommand, reply: ReplayReply): Promise<ReplayReply> {
    await store.markReplayed(letter, { request: requestHash, reply });
    return reply;
  }

  return replay;
}
export type ReplayLetter = ReturnType<typeof createReplay>;

function routeOf(queue: string): Route {
  if (queue === "jobs.created") return "jobs.created";
  if (queue === "events.observed") return "jobs.transitions";
  throw new AppError("DEAD_LETTER_STATE_CONFLICT", `A message refused on ${queue} cannot be replayed`);
}
