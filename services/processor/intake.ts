import type { DeadLetterReason } from "../../contracts/dead-letter.ts";
import { CONTRACT_VERSION } from "../../contracts/envelope.ts";
import type { JobEvent } from "../../contracts/events.ts";
import { newJobId } from "../../contracts/ids.ts";
import { type RetryPolicy, versionRank } from "../../contracts/job-type.ts";
import type { BatchHandler } from "../../shared/bus/port.ts";
import { AppError, messageOf } from "../../shared/errors.ts";
import { decodeMessage, type RefusedEnvelope } from "../../shared/event.ts";
import { createIsolation } from "../../shared/isolate.ts";
import { checkedPayload, jobTypeNamed, NO_FINGERPRINT } from "../../shared/job-request.ts";
import type { Log } from "../../shared/log.ts";
import { traceparentOfJob } from "../../shared/traceparent.ts";
import type { JobSpan, Tracing } from "../../shared/tracing.ts";
import type { Claimer } from "./claim.ts";
import { after, type Historian, laterOf, type Standing, type Step } from "./history.ts";
import type { IntakeStore, NewJob } from "./intake-store.ts";
import type { ClaimedJob } from "./job.ts";
import type { KnownTypes } from "./known-types.ts";
import type { Outbox } from "./outbox.ts";
import type { Slots } from "./slots.ts";
import type { TypeRoom } from "./type-room.ts";

/** Jobs in one insert: messages carry many. */
const MAX_ROWS = 400;

type Created = JobEvent<"job.created">;

export interface IntakeOptions {
  readonly store: IntakeStore;
  readonly history: Historian;
  readonly slots: Slots;
  readonly room: Pick<TypeRoom, "take" | "release">;
  readonly claimer: Pick<Claimer, "caughtUp" | "poke" | "dueAt">;
  readonly outbox: Outbox;
  readonly tracing: Tracing;
  readonly log: Log;
  readonly workerId: () => string;
  readonly isPaused: (type: string) => boolean;
  /** Whether this processor runs a type at this version. */
  readonly runs: KnownTypes["runs"];
  readonly start: (job: ClaimedJob) => void;
  /** File messages that broke their contract; resolves when they are durable. */
  readonly refuse: (refused: readonly RefusedEnvelope[]) => Promise<void>;
  /** Counts messages that are parked. */
  readonly onParked: (messages: number) => void;
}

/**
 * Drains `jobs.created` into rows, however long the backlog is. A job whose slot is free is claimed by its insert;
 * the others wait in the store, where they can be seen, ordered and cancelled.
 */
export function createIntake(options: IntakeOptions): BatchHandler {
  const { store, history, slots, room, claimer, outbox, tracing, log } = options;
  const { workerId, isPaused, runs, start, refuse, onParked } = options;
  const writeAll = createIsolation<Created>({
    probe: () => store.rehearse(newJob(canary(), new Date(), false)),
    keyOf: (event) => event.eventId,
    maxTogether: MAX_ROWS,
    log,
  });

  return async (batch) => {
    const created = new Map<string, Created>();
    const refused: RefusedEnvelope[] = [];
    for (const { body } of batch) {
      const message = decodeMessage(body);
      refused.push(...message.refused);
      for (const event of message.events) {
        if (event.eventType !== "job.created")
          refused.push(
            refusal(event, "CONTRACT_VIOLATION", `${event.eventType} does not belong on jobs.created`),
          );
        else {
          const twin = created.get(event.payload.jobId);
          if (!twin) created.set(event.payload.jobId, event);
          else if (twin.payload.fingerprint !== event.payload.fingerprint) refused.push(conflict(event));
        }
      }
    }
    refused.push(...(await insert([...created.values()])));
    if (refused.length > 0) await refuse(refused);
  };

  /** Returns what the store cannot take; rejects when the store itself is in trouble. */
  async function insert(events: readonly Created[]): Promise<RefusedEnvelope[]> {
    const refused: RefusedEnvelope[] = [];
    const condemned = await writeAll(events, async (part) => {
      refused.push(...(await insertTogether(part)));
    });
    for (const { entry, why, error } of condemned)
      refused.push(
        why === "refused"
          ? refusal(entry, "CONTRACT_VIOLATION", `The job store refuses it: ${messageOf(error)}`)
          : refusal(entry, "PARKED", `The job store kept failing on it alone: ${messageOf(error)}`),
      );
    const parked = condemned.filter(({ why }) => why === "parked").length;
    if (parked > 0) onParked(parked);
    return refused;
  }

  async function insertTogether(events: readonly Created[]): Promise<RefusedEnvelope[]> {
    const now = new Date();
    const refused: RefusedEnvelope[] = [];
    const checked = events.map((event) => {
      const verdict = check(event, runs);
      if (verdict.refusal) refused.push(refusal(event, verdict.refusal.reason, verdict.refusal.detail));
      return { event, span: tracing.span("receive jobs.created", "consumer", event.traceparent), ...verdict };
    });

    const mayRun = checked.filter(
      ({ event, refusal: bad, policy }) =>
        !bad && policy && isDue(event, now) && !isPaused(event.payload.jobType),
    );
    const places = claimer.caughtUp ? slots.reserve(mayRun.length) : 0;
    const direct = new Map<string, string>();
    for (const { event } of mayRun.sort((a, b) => b.event.payload.priority - a.event.payload.priority)) {
      const { jobId, jobType } = event.payload;
      if (direct.size < places && room.take(jobType)) direct.set(jobId, jobType);
    }
    let started = 0;
    try {
      const jobs = checked.map((entry) => newJob(entry, now, direct.has(entry.event.payload.jobId)));
      const { inserted, message } = await store.insert(jobs);
      outbox.relay(message);
      for (const [index, job] of jobs.entries()) {
        if (!inserted.has(job.id)) continue;
        checked[index]?.span?.end({ "job.id": job.id, "job.type": job.type, "job.status": job.status });
        if (job.status === "SCHEDULED") claimer.dueAt(job.runAt);
        if (!isClaimed(job)) continue;
        started++;
        direct.delete(job.id);
        start(claimedJob(job));
      }
      if (jobs.some((job) => job.status === "VALIDATED" && inserted.has(job.id))) {
        claimer.poke();
        await store.announce();
      }
      if (inserted.size < jobs.length)
        refused.push(...(await conflicts(events.filter((event) => !inserted.has(event.payload.jobId)))));
    } finally {
      slots.release(places - started);
      for (const type of direct.values()) room.release(type);
    }
    // Those that were refused have a REJECTED row too, unless they were here before.
    return refused;
  }

  /** Among jobs that were there already: a duplicate is nothing, another body under the same key is a conflict. */
  async function conflicts(events: readonly Created[]): Promise<RefusedEnvelope[]> {
    const known = new Map(
      (await store.known(events.map((event) => event.payload.jobId))).map((job) => [job.id, job]),
    );
    return events
      .filter((event) => known.get(event.payload.jobId)?.fingerprint !== event.payload.fingerprint)
      .map(conflict);
  }

  function newJob(
    { event, span, payload, refusal: bad, policy }: Checked,
    receivedAt: Date,
    claimed: boolean,
  ): NewJob {
    const { payload: facts, correlationId } = event;
    const createdAt = new Date(event.occurredAt);
    // The gateway's clock may be ahead of this one.
    const now = laterOf(receivedAt, createdAt);
    const runAt = facts.runAt ? new Date(facts.runAt) : receivedAt < createdAt ? receivedAt : createdAt;
    const steps: Step[] = [];
    const born: Standing = {
      id: facts.jobId,
      type: facts.jobType,
      status: "PENDING",
      sequence: 0,
      run: 1,
      attempt: 0,
      correlationId,
      // Kept with the job: whatever happens to it later, on whichever processor, follows its intake.
      traceparent: span?.traceparent ?? event.traceparent ?? traceparentOfJob(facts.jobId),
      updatedAt: createdAt,
    };
    let job = born;
    const take = (step: Step) => {
      steps.push(step);
      job = after(job, step);
    };
    const queueWaitMs = Math.max(0, now.getTime() - runAt.getTime());

    if (bad)
      take(
        history.move(job, "REJECTED", "job.rejected", { code: bad.reason, reason: bad.detail }, now, {
          detail: { code: bad.reason },
        }),
      );
    else if (!isDue(event, now))
      take(
        history.move(job, "SCHEDULED", "job.scheduled", { runAt: runAt.toISOString() }, now, {
          detail: { runAt },
        }),
      );
    else {
      take(history.move(job, "VALIDATED", "job.validated", { priority: facts.priority }, now));
      if (claimed)
        take(
          history.move(job, "EXECUTING", "job.started", { workerId: workerId(), queueWaitMs }, now, {
            attempt: 1,
            detail: { workerId: workerId() },
          }),
        );
    }
    return {
      id: job.id,
      type: job.type,
      status: job.status ?? "PENDING",
      sequence: job.sequence,
      attempt: job.attempt,
      correlationId,
      traceparent: born.traceparent,
      priority: facts.priority,
      payload,
      metadata: facts.metadata ?? null,
      idempotencyKey: event.idempotencyKey === event.eventId ? null : event.idempotencyKey,
      fingerprint: facts.fingerprint,
      createdEventId: event.eventId,
      parentId: facts.parentId ?? null,
      originId: facts.originId ?? null,
      originKind: facts.originKind ?? null,
      typeVersion: versionOf(event),
      maxAttempts: facts.maxAttempts ?? policy?.maxAttempts ?? null,
      baseMs: policy?.baseMs ?? null,
      capMs: policy?.capMs ?? null,
      deadlineMs: facts.deadlineMs ?? policy?.deadlineMs ?? null,
      runAt,
      createdAt,
      receivedAt: now,
      startedAt: claimed ? now : null,
      finishedAt: bad ? now : null,
      workerId: claimed ? workerId() : null,
      queueWaitMs: claimed ? queueWaitMs : null,
      error: bad ? JSON.stringify({ code: bad.reason, message: bad.detail }) : null,
      steps,
    };
  }
}

/** A job like any other, for finding out whether the store takes one; it is never kept. */
function canary(): Checked {
  const eventId = crypto.randomUUID();
  return {
    event: {
      contractVersion: CONTRACT_VERSION,
      eventType: "job.created",
      eventId,
      occurredAt: new Date().toISOString(),
      producer: { service: "processor", instanceId: "canary", version: CONTRACT_VERSION },
      correlationId: eventId,
      idempotencyKey: eventId,
      payload: {
        jobId: newJobId(),
        jobType: "canary",
        sequence: 0,
        payload: {},
        fingerprint: NO_FINGERPRINT,
        priority: 0,
      },
    },
    span: undefined,
    payload: {},
    policy: { maxAttempts: 1, baseMs: 0, capMs: 0, deadlineMs: 1 },
  };
}

interface Checked {
  readonly event: Created;
  readonly span: JobSpan | undefined;
  readonly payload: Readonly<Record<string, unknown>>;
  /** Undefined where this processor does not know the type at that version: the job waits for one that does. */
  readonly policy: (RetryPolicy & { readonly deadlineMs: number }) | undefined;
  readonly refusal?: { readonly reason: DeadLetterReason; readonly detail: string };
}

/**
 * Check a payload, which the gateway has checked already: others may publish too. A processor that does not know the
 * type, or only an older version of it, cannot judge and does not.
 */
function check(event: Created, runs: KnownTypes["runs"]): Omit<Checked, "event" | "span"> {
  const { jobType: name, payload } = event.payload;
  if (!runs(name, versionOf(event))) return { payload, policy: undefined };
  try {
    const jobType = jobTypeNamed(name);
    return {
      payload: checkedPayload(jobType, payload),
      policy: { ...jobType.retry, deadlineMs: jobType.deadlineMs },
    };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { payload, policy: undefined, refusal: { reason: "INVALID_PAYLOAD", detail: error.message } };
  }
}

function versionOf({ payload: { jobTypeVersion } }: Created): number | null {
  return jobTypeVersion === undefined ? null : versionRank(jobTypeVersion);
}

/** A job that its insert claimed; only one with a policy is. */
type ClaimedNewJob = NewJob & Record<"maxAttempts" | "baseMs" | "capMs" | "deadlineMs", number>;
const isClaimed = (job: NewJob): job is ClaimedNewJob => job.status === "EXECUTING";

function isDue(event: Created, now: Date): boolean {
  return !event.payload.runAt || Date.parse(event.payload.runAt) <= now.getTime();
}

function refusal(event: JobEvent, reason: DeadLetterReason, detail: string): RefusedEnvelope {
  return {
    original: Buffer.from(JSON.stringify(event)),
    reason,
    detail,
    jobId: event.payload.jobId,
    eventId: event.eventId,
  };
}

function conflict(event: Created): RefusedEnvelope {
  return refusal(
    event,
    "IDEMPOTENCY_CONFLICT",
    `Job ${event.payload.jobId} was made from another body under the same idempotency key`,
  );
}

function claimedJob(job: ClaimedNewJob): ClaimedJob {
  const {
    id,
    type,
    sequence,
    attempt,
    correlationId,
    traceparent,
    payload,
    maxAttempts,
    baseMs,
    capMs,
    deadlineMs,
    createdAt,
  } = job;
  return {
    ...{
      id,
      type,
      sequence,
      attempt,
      correlationId,
      traceparent,
      payload,
      maxAttempts,
      baseMs,
      capMs,
      deadlineMs,
      createdAt,
    },
    status: "EXECUTING",
    run: 1,
    workerId: job.workerId ?? "",
    tries: 0,
    losses: 0,
    startedAt: job.startedAt ?? job.receivedAt,
    updatedAt: job.receivedAt,
    queueWaitMs: job.queueWaitMs ?? 0,
    cancelRequested: false,
  };
}
