/** The monotonic clock and the wall clock drift apart by some milliseconds a day, and by more if the latter is set. */
const MAX_DRIFT_MS = 2;

/** Creates a clock of milliseconds since 1970, with fractions, because a job's steps often take less than one. */
export function createClock(): () => number {
  let origin = performance.timeOrigin;
  return () => {
    const time = origin + performance.now();
    if (Math.abs(time - Date.now()) <= MAX_DRIFT_MS) return time;
    origin = Date.now() - performance.now();
    return origin + performance.now();
  };
}
