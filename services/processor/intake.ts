import type { DeadLetterReason } from "../../contracts/dead-letter.ts";
import type { JobEvent } from "../../contracts/events.ts";
import type { BatchHandler } from "../../shared/bus/port.ts";
import { messageOf } from "../../shared/errors.ts";
import { decodeMessage, type RefusedEnvelope } from "../../shared/event.ts";
import { createIsolation } from "../../shared/isolate.ts";
import type { Log } from "../../shared/log.ts";
import type { Tracing } from "../../shared/tracing.ts";
import type { Claimer } from "./claim.ts";
import type { Historian } from "./history.ts";
import { type Created, canary, check, claimedJob, isClaimed, isDue, newJob } from "./intake-row.ts";
import type { IntakeStore } from "./intake-store.ts";
import type { ClaimedJob } from "./job.ts";
import type { KnownTypes } from "./known-types.ts";
import type { Outbox } from "./outbox.ts";
import type { Slots } from "./slots.ts";
import type { TypeSlots } from "./type-slots.ts";

/**
 * Maximum number of jobs per insert. It limits jobs rather than messages, because a single message may carry many jobs.
 */
const MAX_ROWS = 400;

export interface IntakeOptions {
  readonly store: IntakeStore;
  readonly history: Historian;
  readonly slots: Slots;
  readonly typeSlots: Pick<TypeSlots, "take" | "release">;
  readonly claimer: Pick<Claimer, "caughtUp" | "poke" | "dueAt">;
  readonly outbox: Outbox;
  readonly tracing: Tracing;
  readonly log: Log;
  readonly workerId: () => string;
  readonly isPaused: (type: string) => boolean;
  /** Returns whether this processor runs a type at this version. */
  readonly runs: KnownTypes["runs"];
  readonly start: (job: ClaimedJob) => void;
  /** Publishes refused envelopes, to be filed as dead letters. Resolves when they are durable. */
  readonly refuse: (refused: readonly RefusedEnvelope[]) => Promise<void>;
  /**
   * Called with the number of messages that were just parked: filed as dead letters because the store kept failing on
   * them.
   */
  readonly onParked: (messages: number) => void;
}

/**
 * Moves jobs from the queue `jobs.created` into the store, however many jobs are waiting there already. If a slot is
 * free and no earlier job waits, the insert itself claims a due job. The other jobs wait in the store, where people can
 * list, sort and cancel them.
 */
export function createIntake(options: IntakeOptions): BatchHandler {
  const { store, history, slots, typeSlots, claimer, outbox, tracing, log } = options;
  const { workerId, isPaused, runs, start, refuse, onParked } = options;
  const writeAll = createIsolation<Created>({
    probe: () => store.rehearse(newJob(history, canary(), history.now())),
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

  /** Inserts jobs and returns the refused events. Rejects if the store itself fails. */
  async function insert(events: readonly Created[]): Promise<RefusedEnvelope[]> {
    const refused: RefusedEnvelope[] = [];
    const condemned = await writeAll(events, async (group) => {
      refused.push(...(await insertTogether(group)));
    });
    for (const { entry, why, error } of condemned)
      refused.push(
        why === "refused"
          ? refusal(entry, "CONTRACT_VIOLATION", `The job store refuses the event: ${messageOf(error)}`)
          : refusal(
              entry,
              "PARKED",
              `The job store kept failing on the event, even when it was written alone: ${messageOf(error)}`,
            ),
      );
    const parked = condemned.filter(({ why }) => why === "parked").length;
    if (parked > 0) onParked(parked);
    return refused;
  }

  async function insertTogether(events: readonly Created[]): Promise<RefusedEnvelope[]> {
    const now = history.now();
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
    const reserved = claimer.caughtUp ? slots.reserve(mayRun.length) : 0;
    const direct = new Map<string, string>();
    for (const { event } of mayRun.sort((a, b) => b.event.payload.priority - a.event.payload.priority)) {
      const { jobId, jobType } = event.payload;
      if (direct.size < reserved && typeSlots.take(jobType)) direct.set(jobId, jobType);
    }
    let started = 0;
    try {
      const jobs = checked.map((entry) =>
        newJob(history, entry, now, direct.has(entry.event.payload.jobId) ? workerId() : undefined),
      );
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
      slots.release(reserved - started);
      for (const type of direct.values()) typeSlots.release(type);
    }
    // Each refused job also has a row with status REJECTED, unless its id already had a row.
    return refused;
  }

  /** Returns a refusal for each event whose job id has, or had, a row with another body. Ignores plain duplicates. */
  async function conflicts(events: readonly Created[]): Promise<RefusedEnvelope[]> {
    const known = new Map(
      (await store.known(events.map((event) => event.payload.jobId))).map((job) => [job.id, job]),
    );
    const isSame = ({ eventId, payload }: Created) => {
      const job = known.get(payload.jobId);
      // For a deleted job, the store remembers only the event id, which is derived from the job's id and fingerprint.
      return job?.fingerprint === null
        ? job.createdEventId === eventId
        : job?.fingerprint === payload.fingerprint;
    };
    return events.filter((event) => !isSame(event)).map(conflict);
  }
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
    `Job ${event.payload.jobId} was created from another body under the same idempotency key`,
  );
}
