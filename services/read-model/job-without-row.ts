import type { JobDetail, Timeline } from "../../contracts/api-queries.ts";
import type { DeadLetter } from "../../contracts/dead-letter.ts";
import type { EventEnvelope } from "../../contracts/envelope.ts";
import { isTimestamp, isUuid } from "../../contracts/schema.ts";
import { traceIdFor } from "../../shared/traceparent.ts";
import { omitUndefined } from "./job-row.ts";
import { timelineOf } from "./timeline.ts";

/** A job that never became a row: its refused message and its events. */
export interface Remains {
  readonly id: string;
  readonly letter: DeadLetter;
  readonly events: readonly EventEnvelope[];
  readonly unavailable: string[];
}

/** Describes a job by its refused message: REJECTED, with the dead letter's reason as its error. */
export function detailWithoutRow({ id, letter, events, unavailable }: Remains): JobDetail {
  const { envelope, facts } = readMessage(letter.body);
  const { correlationId } = envelope;
  return omitUndefined({
    id,
    type: typeof facts.jobType === "string" ? facts.jobType.slice(0, 64) || "unknown" : "unknown",
    status: "REJECTED" as const,
    createdAt: createdAtOf(letter),
    finishedAt: letter.diedAt,
    payload: isObject(facts.payload) ? facts.payload : undefined,
    metadata: isObject(facts.metadata) ? facts.metadata : undefined,
    correlationId: isUuid(correlationId) ? correlationId : undefined,
    error: { code: letter.reason, message: letter.detail },
    transitions: [],
    attempts: [],
    children: { total: 0, byStatus: {} },
    events: [...events],
    unavailable,
    traceId: traceIdFor(id, undefined),
    deadLetter: letter,
  });
}

/** Returns a job's history up to its refusal. */
export function timelineWithoutRow({ id, letter, events, unavailable }: Remains): Timeline {
  const createdAt = createdAtOf(letter);
  const entries = timelineOf({ createdAt, receivedAt: letter.diedAt, transitions: [], attempts: [], events });
  const offsetMs = Date.parse(letter.diedAt) - Date.parse(createdAt);
  const end = {
    at: letter.diedAt,
    offsetMs,
    kind: "event" as const,
    title: `Refused: ${letter.reason}`,
    service: letter.service,
    detail: { reason: letter.detail, queue: letter.queue, deadLetterId: letter.id },
  };
  return { jobId: id, entries: [...entries, end], unavailable };
}

function createdAtOf(letter: DeadLetter): string {
  const { occurredAt } = readMessage(letter.body).envelope;
  return isTimestamp(occurredAt) ? new Date(occurredAt).toISOString() : letter.diedAt;
}

/** Reads a refused message, which may be anything; a message that is not an object counts as empty. */
function readMessage(body: string) {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    // The reply still shows the body unchanged, but nothing about the job can be read from it.
  }
  const envelope = isObject(value) ? value : {};
  return { envelope, facts: isObject(envelope.payload) ? envelope.payload : {} };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
