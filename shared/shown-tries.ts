import type { Job } from "../contracts/job.ts";

/**
 * Formats the tries of a job's run and their limit, such as `2/3`. The API counts the running try, but not an attempt
 * that was lost with its worker. The job's `attempt` is unsuitable, because it counts the attempts of all runs and may
 * exceed the limit after a person's retry.
 */
export function shownTries({ tries = 0, maxAttempts }: Pick<Job, "tries" | "maxAttempts">): string {
  return maxAttempts === undefined ? String(tries) : `${tries}/${maxAttempts}`;
}
