import type { EventPayload, EventType } from "../../contracts/events.ts";
import { eventIdAt } from "../../contracts/ids.ts";
import { isLegalMove, type JobStatus } from "../../contracts/job.ts";
import type { EventMaker } from "../../shared/event.ts";

/** How far a job has come in its history, which the next step needs to continue it. */
export interface JobPosition {
  readonly id: string;
  readonly type: string;
  readonly status: JobStatus | null;
  readonly sequence: number;
  readonly run: number;
  readonly attempt: number;
  readonly correlationId: string;
  readonly traceparent: string | null;
  /** The time of the newest step. */
  readonly updatedAt: Date;
}

/** One entry of a job's history: an event and its transition. `to` is null if the status does not change. */
export interface Step {
  readonly jobId: string;
  readonly sequence: number;
  readonly run: number;
  readonly from: JobStatus | null;
  readonly to: JobStatus | null;
  readonly attempt: number;
  readonly eventId: string;
  readonly at: Date;
  readonly detail: string | null;
  /** Whether the transition can be derived from the job's row, so that it needs no row of its own. */
  readonly implied: boolean;
  /** The event as JSON. Several events are joined into one message. */
  readonly event: string;
  readonly traceparent: string | null;
}

type MovedFields = "jobId" | "jobType" | "sequence" | "run" | "attempt" | "from" | "to";
type MoveEvent = Exclude<EventType, "job.created" | "job.executed">;
type Omitting<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/**
 * Creates the next steps of jobs. Sequence numbers and event ids are derived from the job's position. A job's steps are
 * dated by several clocks, including the gateway's, so a step that would appear to precede the previous one is given
 * that step's time.
 */
export function createHistorian(makeEvent: EventMaker, now: () => Date) {
  return {
    /** The clock that dates new steps. */
    now,

    /** Returns the step that changes a job's status. `run` and `attempt` are the values after the change. */
    move<E extends MoveEvent>(
      job: JobPosition,
      to: JobStatus,
      eventType: E,
      facts: Omitting<EventPayload<E>, MovedFields>,
      at: Date,
      {
        run = job.run,
        attempt = job.attempt,
        detail,
        implied = false,
      }: { run?: number; attempt?: number; detail?: object; implied?: boolean } = {},
    ): Step {
      if (!isLegalMove(job.status, to))
        throw new Error(`job ${job.id} cannot go from ${job.status} to ${to}`);
      const sequence = job.sequence + 1;
      const about = { jobId: job.id, jobType: job.type, sequence, run, attempt, from: job.status, to };
      return step(job, eventType, { ...about, ...facts } as unknown as EventPayload<E>, {
        sequence,
        run,
        attempt,
        from: job.status,
        to,
        at,
        detail,
        implied,
      });
    },

    /** Returns the step that records that an attempt has ended. It does not change the status. */
    executed(
      job: JobPosition,
      facts: Omitting<EventPayload<"job.executed">, "jobId" | "jobType" | "sequence" | "run" | "attempt">,
      at: Date,
    ): Step {
      const { run, attempt } = job;
      const sequence = job.sequence + 1;
      const payload = { jobId: job.id, jobType: job.type, sequence, run, attempt, ...facts };
      return step(job, "job.executed", payload, {
        sequence,
        run,
        attempt,
        from: job.status,
        to: null,
        at,
        implied: false,
      });
    },
  };

  function step<E extends EventType>(
    job: JobPosition,
    eventType: E,
    payload: EventPayload<E>,
    {
      detail,
      ...rest
    }: Omit<Step, "jobId" | "eventId" | "event" | "traceparent" | "detail"> & { detail?: object | undefined },
  ): Step {
    const eventId = eventIdAt(job.id, rest.sequence);
    const at = laterOf(rest.at, job.updatedAt);
    const event = makeEvent({
      eventType,
      eventId,
      correlationId: job.correlationId,
      traceparent: job.traceparent ?? undefined,
      occurredAt: at.toISOString(),
      payload,
    });
    return {
      jobId: job.id,
      eventId,
      ...rest,
      at,
      detail: detail ? JSON.stringify(detail) : null,
      event: JSON.stringify(event),
      traceparent: job.traceparent,
    };
  }
}
export type Historian = ReturnType<typeof createHistorian>;

/** Returns the job as it is after a step. */
export function after<S extends JobPosition>(job: S, { sequence, run, attempt, to, at }: Step): S {
  return { ...job, sequence, run, attempt, status: to ?? job.status, updatedAt: at };
}

export function laterOf(one: Date, other: Date): Date {
  return one < other ? other : one;
}
