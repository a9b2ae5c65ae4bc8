import { fullJitter } from "../../shared/async.ts";

export interface Tries {
  /** Failed tries of this run, including the one that just failed. */
  readonly tries: number;
  readonly maxAttempts: number;
  readonly baseMs: number;
  readonly capMs: number;
}

/**
 * Returns the delay before the next try, or null when the job is out of tries. Uses exponential backoff with full
 * jitter, so that jobs that failed together do not retry together.
 */
export function nextDelayMs(
  { tries, maxAttempts, baseMs, capMs }: Tries,
  random: () => number = Math.random,
): number | null {
  return tries >= maxAttempts ? null : fullJitter(tries - 1, baseMs, capMs, random);
}

/** Maximum losses of a job. A lost worker does not count as a failed try, but a job that kills workers must end. */
export const MAX_LOSSES = 5;
