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

/** The statuses shown in lists and counters, in display order. PENDING lasts milliseconds and counts as waiting. */
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

/** Returns the statuses that are counted under a displayed status. */
export const statusesOf = (status: JobStatus): readonly JobStatus[] =>
  status === "VALIDATED" ? ["PENDING", "VALIDATED"] : [status];

/** Returns the name that style classes and icons use for a status. */
export const toneOf = (status: JobStatus) => TONES[status];

/** Shows a status as a glyph, a word and a color. With `hidesWord`, only screen readers get the word. */
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
