import { fullJitter } from "../../shared/async.ts";

export interface Tries {
  /** Tries of this run that the handler failed, this one included. */
  readonly tries: number;
  readonly maxAttempts: number;
  readonly baseMs: number;
  readonly capMs: number;
}

/**
 * How long until the next try, or null when the job is out of tries. Exponential backoff with full jitter: many jobs
 * that failed together do not come back together.
 */
export function nextDelayMs(
  { tries, maxAttempts, baseMs, capMs }: Tries,
  random: () => number = Math.random,
): number | null {
  return tries >= maxAttempts ? null : fullJitter(tries - 1, baseMs, capMs, random);
}

/** A worker that dies takes no try from its jobs; but a job that kills every worker must come to an end. */
export const MAX_LOSSES = 5;
