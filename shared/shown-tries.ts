import type { Job } from "../contracts/job.ts";

/**
 * Formats the tries of a job's run and their limit, such as `2/3`. The API counts the running try, but not an attempt
 * that was lost with its worker. `attempt` is unsuitable, because it counts over all runs and may exceed the limit
 * after a retry.
 */
export function shownTries({ tries = 0, maxAttempts }: Pick<Job, "tries" | "maxAttempts">): string {
  return maxAttempts === undefined ? String(tries) : `${tries}/${maxAttempts}`;
}
