import type { JobStatus } from "../../../contracts/job.ts";
import { statusWord } from "../../../contracts/status-words.ts";
import { Icon } from "../icon.tsx";

const TONES: Readonly<Record<JobStatus, string>> = {
  PENDING: "waiting",
  VALIDATED: "waiting",
  SCHEDULED: "scheduled",
  EXECUTING: "executing",
  RETRYING: "retrying",
  COMPLETED: "completed",
  FAILED: "failed",
  CANCELLED: "cancelled",
  REJECTED: "rejected",
};

/** The statuses that lists and counters show, in their order. PENDING lasts milliseconds and counts as waiting. */
export const STATUSES_SHOWN: readonly JobStatus[] = [
  "COMPLETED",
  "EXECUTING",
  "VALIDATED",
  "SCHEDULED",
  "RETRYING",
  "FAILED",
  "CANCELLED",
  "REJECTED",
];

/** Returns the statuses that are counted under a shown one. */
export const statusesOf = (status: JobStatus): readonly JobStatus[] =>
  status === "VALIDATED" ? ["PENDING", "VALIDATED"] : [status];

/** Returns the name of a status among the styles and symbols. */
export const toneOf = (status: JobStatus) => TONES[status];

/** A status: glyph, word and colour. `hidesWord` leaves the word to screen readers. */
export function Status({
  status,
  hidesWord = false,
  chip = false,
}: {
  status: JobStatus;
  hidesWord?: boolean;
  chip?: boolean;
}) {
  const word = statusWord(status);
  return (
    <span class={`st st-${TONES[status]}${chip ? " chip" : ""}`} title={word}>
      <Icon name={TONES[status]} />
      {hidesWord ? <span class="sr">{word}</span> : word}
    </span>
  );
}
