import type { EventEnvelope } from "../contracts/envelope.ts";
import type { AttemptOutcome, JobStatus } from "../contracts/job.ts";
import { clock, duration } from "./format.ts";

const STATUS_OF: Readonly<Record<string, JobStatus>> = {
  "job.created": "PENDING",
  "job.validated": "VALIDATED",
  "job.scheduled": "SCHEDULED",
  "job.started": "EXECUTING",
  "job.retrying": "RETRYING",
  "job.completed": "COMPLETED",
  "job.failed": "FAILED",
  "job.cancelled": "CANCELLED",
  "job.rejected": "REJECTED",
};

/** What became of an attempt that did not succeed, as the predicate of a sentence. */
const OUTCOME_WORDS: Readonly<Record<Exclude<AttemptOutcome, "succeeded">, string>> = {
  failed: "failed",
  "timed-out": "timed out",
  cancelled: "was cancelled",
  lost: "was lost",
};

/** Describes an event in words, with the status of the job or attempt that it reports. */
export function describeEvent({ eventType, payload }: EventEnvelope): { status?: JobStatus; words: string } {
  const status = eventType === "job.executed" ? statusOfOutcome(payload.outcome) : STATUS_OF[eventType];
  return { status, words: wordsOf(eventType, payload) };
}

function statusOfOutcome(outcome: unknown): JobStatus {
  return outcome === "succeeded" ? "COMPLETED" : outcome === "cancelled" ? "CANCELLED" : "FAILED";
}

function wordsOf(eventType: string, payload: EventEnvelope["payload"]): string {
  const attempt = typeof payload.attempt === "number" ? payload.attempt : 0;
  const ms = (name: string) => duration(typeof payload[name] === "number" ? payload[name] : undefined);
  const error = (payload.error as { message?: string } | undefined)?.message;
  const because = error ? `: ${error}` : "";
  switch (eventType) {
    case "job.created":
      return payload.parentId ? "Created by its parent job" : "Accepted";
    case "job.validated":
      return attempt > 0 ? "Retried manually" : "Checked, waiting for a slot";
    case "job.scheduled":
      return `Scheduled for ${typeof payload.runAt === "string" ? clock(Date.parse(payload.runAt)) : "later"}`;
    case "job.started":
      return `Try ${attempt} started on ${workerName(payload.workerId)} after ${ms("queueWaitMs")}`;
    case "job.executed":
      return payload.outcome === "succeeded"
        ? `Try ${attempt} ran for ${ms("durationMs")}`
        : `Try ${attempt} ${OUTCOME_WORDS[payload.outcome as keyof typeof OUTCOME_WORDS] ?? payload.outcome} after ${ms("durationMs")}${because}`;
    case "job.retrying":
      return `Try ${attempt} failed, next try in ${ms("delayMs")}${because}`;
    case "job.completed":
      return attempt > 1
        ? `Completed on try ${attempt} in ${ms("totalMs")}`
        : `Completed in ${ms("totalMs")}`;
    case "job.failed":
      return `Failed on try ${attempt}${because}`;
    case "job.cancelled":
      return `Cancelled after ${ms("totalMs")}`;
    case "job.rejected":
      return `Rejected: ${payload.reason}`;
    default:
      return eventType;
  }
}

/** Shortens a worker's id to the part before the first dot; the rest is not meaningful to people. */
export function workerName(id: unknown): string {
  return String(id).split(".")[0] ?? "";
}
