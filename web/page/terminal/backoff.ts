/** Milliseconds until the next try: 1 s, half as much again each time, at most 30 s; jittered down to half. */
export function reconnectDelayMs(attempt: number, random = Math.random): number {
  return Math.min(1_000 * 1.5 ** attempt, 30_000) * (0.5 + random() / 2);
}
