/**
 * The monotonic clock and the wall clock drift apart by a few milliseconds a day, and by more if the wall clock is set.
 */
const MAX_DRIFT_MS = 2;

/**
 * Creates a clock that returns milliseconds since 1970, with fractions because a job's steps often take less than 1 ms.
 */
export function createClock(): () => number {
  let origin = performance.timeOrigin;
  return () => {
    const time = origin + performance.now();
    if (Math.abs(time - Date.now()) <= MAX_DRIFT_MS) return time;
    origin = Date.now() - performance.now();
    return origin + performance.now();
  };
}
