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

/**
 * A job fails when it has lost its worker this many times. A lost worker does not count as a failed try, so without
 * this limit a job that kills its workers would run forever.
 */
export const MAX_LOSSES = 5;
