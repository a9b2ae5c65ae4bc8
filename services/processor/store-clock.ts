/**
 * A reading that took longer than this is discarded: it probably waited for other statements, so its age is uncertain.
 */
const SLOW_MS = 1_000;

/**
 * Estimates the time of PostgreSQL's clock. Every processor uses this time to decide whether a job is due, so a
 * processor whose own clock is minutes fast or slow neither delays a job nor runs it early. Between readings, a
 * monotonic clock advances the time. Until the first reading, this machine's clock is used.
 */
export function createStoreClock(
  read: () => Promise<Date>,
  monotonicMs: () => number = () => performance.now(),
) {
  let known = { at: Date.now(), readAt: monotonicMs() };
  let isMeasured = false;
  return {
    now: (): Date => new Date(known.at + monotonicMs() - known.readAt),

    /**
     * Reads the time, assuming that the reply is half a round trip old. Discards a slow reply, unless it is the first.
     */
    async measure(): Promise<void> {
      const askedAt = monotonicMs();
      const at = await read();
      const answeredAt = monotonicMs();
      if (isMeasured && answeredAt - askedAt > SLOW_MS) return;
      isMeasured = true;
      known = { at: at.getTime(), readAt: (askedAt + answeredAt) / 2 };
    },
  };
}
export type StoreClock = ReturnType<typeof createStoreClock>;
