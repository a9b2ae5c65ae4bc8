import { JOB_STATUSES, type JobStatus } from "./job.ts";

export interface StatusWord {
  /**
   * The word that people read and may type instead of the status's name in the API, such as `waiting` for `VALIDATED`.
   */
  readonly word: string;
  readonly meaning: string;
}

/** The one word and meaning that people see for each status. `docs/statuses.md` prints this table. */
export const STATUS_WORDS: Readonly<Record<JobStatus, StatusWord>> = {
  PENDING: {
    word: "pending",
    meaning: "Accepted, but not yet checked by a processor; this usually takes milliseconds",
  },
  VALIDATED: { word: "waiting", meaning: "Checked, due, and waiting for a free slot" },
  SCHEDULED: { word: "scheduled", meaning: "Checked, and waiting for its `runAt`" },
  EXECUTING: { word: "executing", meaning: "An attempt is running on a worker" },
  RETRYING: { word: "retrying", meaning: "An attempt failed or was lost, and the next one is scheduled" },
  COMPLETED: { word: "completed", meaning: "Done, with a result" },
  FAILED: {
    word: "failed",
    meaning: "Out of tries, or not retryable; listed as a dead letter until it is replayed or dropped",
  },
  CANCELLED: { word: "cancelled", meaning: "Stopped by a person" },
  REJECTED: {
    word: "rejected",
    meaning: "Refused by the processor at intake, with a dead letter that states the reason",
  },
};

export function statusWord(status: JobStatus): string {
  return STATUS_WORDS[status].word;
}

/** Returns the status with this name or word, ignoring case; undefined if there is none. */
export function statusNamed(text: string): JobStatus | undefined {
  const name = text.trim().toLowerCase();
  return JOB_STATUSES.find((status) => status.toLowerCase() === name || STATUS_WORDS[status].word === name);
}
