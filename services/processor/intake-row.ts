import type { DeadLetterReason } from "../../contracts/dead-letter.ts";
import { CONTRACT_VERSION } from "../../contracts/envelope.ts";
import type { JobEvent } from "../../contracts/events.ts";
import { newJobId } from "../../contracts/ids.ts";
import { type RetryPolicy, versionRank } from "../../contracts/job-type.ts";
import { checkedPayload, jobTypeNamed } from "../../shared/checked-payload.ts";
import { NO_FINGERPRINT } from "../../shared/created-event.ts";
import { AppError } from "../../shared/errors.ts";
import { traceparentOfJob } from "../../shared/traceparent.ts";
import type { JobSpan } from "../../shared/tracing.ts";
import { after, type Historian, type JobPosition, laterOf, type Step } from "./history.ts";
import type { NewJob } from "./intake-store.ts";
import type { ClaimedJob } from "./job.ts";
import type { KnownTypes } from "./known-types.ts";

export type Created = JobEvent<"job.created">;

export interface Checked {
  readonly event: Created;
  readonly span: JobSpan | undefined;
  readonly payload: Readonly<Record<string, unknown>>;
  /**
   * Undefined if the payload is refused, or if this processor does not know the type at this version. In the second
   * case, the job waits for a processor that knows this version.
   */
  readonly policy: (RetryPolicy & { readonly deadlineMs: number }) | undefined;
  readonly refusal?: { readonly reason: DeadLetterReason; readonly detail: string };
}

/**
 * Checks a payload again, because the gateway is not the only publisher. A processor that does not know the type, or
 * knows only an older version, cannot check the payload and accepts it.
 */
export function check(event: Created, runs: KnownTypes["runs"]): Omit<Checked, "event" | "span"> {
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

/** A job claimed by the insert that creates it. Its policy is always known. */
export type ClaimedNewJob = NewJob & Record<"maxAttempts" | "baseMs" | "capMs" | "deadlineMs", number>;
export const isClaimed = (job: NewJob): job is ClaimedNewJob => job.status === "EXECUTING";

export function isDue(event: Created, now: Date): boolean {
  return !event.payload.runAt || Date.parse(event.payload.runAt) <= now.getTime();
}

/** Returns a new job's row and its history so far. `claimedBy` is the worker that claims the job on insert, if any. */
export function newJob(
  history: Historian,
  { event, span, payload, refusal, policy }: Checked,
  receivedAt: Date,
  claimedBy?: string,
): NewJob {
  const { payload: facts, correlationId } = event;
  const createdAt = new Date(event.occurredAt);
  // If the gateway's clock is ahead of this processor's, the job's history uses the gateway's time, so that its times
  // stay in order. The time at which the job is due is not affected.
  const now = laterOf(receivedAt, createdAt);
  const runAt = facts.runAt ? new Date(facts.runAt) : receivedAt;
  const steps: Step[] = [];
  const pending: JobPosition = {
    id: facts.jobId,
    type: facts.jobType,
    status: "PENDING",
    sequence: 0,
    run: 1,
    attempt: 0,
    correlationId,
    // Stored with the job, so that later spans on any processor continue the trace from its intake.
    traceparent: span?.traceparent ?? event.traceparent ?? traceparentOfJob(facts.jobId),
    updatedAt: createdAt,
  };
  let job = pending;
  const append = (step: Step) => {
    steps.push(step);
    job = after(job, step);
  };
  const queueWaitMs = Math.max(0, receivedAt.getTime() - runAt.getTime());

  if (refusal)
    append(
      history.move(job, "REJECTED", "job.rejected", { code: refusal.reason, reason: refusal.detail }, now, {
        detail: { code: refusal.reason },
      }),
    );
  else if (!isDue(event, receivedAt))
    append(
      history.move(job, "SCHEDULED", "job.scheduled", { runAt: runAt.toISOString() }, now, {
        detail: { runAt },
      }),
    );
  else {
    append(
      history.move(job, "VALIDATED", "job.validated", { priority: facts.priority }, now, { implied: true }),
    );
    if (claimedBy !== undefined)
      append(
        history.move(job, "EXECUTING", "job.started", { workerId: claimedBy, queueWaitMs }, now, {
          attempt: 1,
          detail: { workerId: claimedBy },
          implied: true,
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
    traceparent: pending.traceparent,
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
    startedAt: claimedBy === undefined ? null : now,
    finishedAt: refusal ? now : null,
    workerId: claimedBy ?? null,
    queueWaitMs: claimedBy === undefined ? null : queueWaitMs,
    error: refusal ? JSON.stringify({ code: refusal.reason, message: refusal.detail }) : null,
    steps,
  };
}

/** Converts a job claimed on insert into the form that its runner needs. */
export function claimedJob(job: ClaimedNewJob): ClaimedJob {
  return {
    id: job.id,
    type: job.type,
    sequence: job.sequence,
    attempt: job.attempt,
    correlationId: job.correlationId,
    traceparent: job.traceparent,
    payload: job.payload,
    maxAttempts: job.maxAttempts,
    baseMs: job.baseMs,
    capMs: job.capMs,
    deadlineMs: job.deadlineMs,
    createdAt: job.createdAt,
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

/** Creates a job for probing whether the store accepts jobs. Its insert is rolled back. */
export function canary(): Checked {
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
