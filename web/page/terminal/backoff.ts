/**
 * Returns the delay before the next try in milliseconds. It starts at 1 s and grows by half each time, up to 30 s;
 * jitter reduces it by up to half.
 */
export function reconnectDelayMs(attempt: number, random = Math.random): number {
  return Math.min(1_000 * 1.5 ** attempt, 30_000) * (0.5 + random() / 2);
}
