/**
 * If the clock differs from the wall clock by more than this, it is set to the wall clock. It counts with the monotonic
 * clock, which drifts by a few milliseconds a day, and the wall clock may be set.
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
