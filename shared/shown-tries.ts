import type { Job } from "../contracts/job.ts";

/**
 * The tries of this run and their limit, such as `2/3`. The API counts a running try too, and leaves out an attempt
 * that was lost with its worker. `attempt` counts over all runs and would exceed the limit after a retry.
 */
export function shownTries({ tries = 0, maxAttempts }: Pick<Job, "tries" | "maxAttempts">): string {
  return maxAttempts === undefined ? String(tries) : `${tries}/${maxAttempts}`;
}
