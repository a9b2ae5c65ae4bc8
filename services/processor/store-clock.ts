/** A slower answer waited in a queue, and says nothing about when the time was read. */
const SLOW_MS = 1_000;

/**
 * The time as PostgreSQL has it. Jobs are due by that clock, whichever processor looks, so that one whose own clock is
 * minutes fast or slow neither delays a job nor runs it early. It is read now and then, and measured in between by a clock
 * that is never set. Until the first reading it is this machine's.
 */
export function createStoreClock(
  read: () => Promise<Date>,
  monotonicMs: () => number = () => performance.now(),
) {
  let known = { at: Date.now(), readAt: monotonicMs() };
  let isMeasured = false;
  return {
    now: (): Date => new Date(known.at + monotonicMs() - known.readAt),

    /** Reads it. The answer is taken to be half a round trip old; after the first, a slow one is discarded. */
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
