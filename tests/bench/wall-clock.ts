const originMs = calibrate();

/**
 * Returns the wall-clock time in milliseconds, with microsecond resolution. `Date.now()` advances in steps of a
 * millisecond, which is a third of the latencies measured here, and `performance.now()` has a different origin in each
 * process. The clocks of processes on one machine agree to about 10 µs.
 */
export function wallClockMs(): number {
  return originMs + performance.now();
}

/** `Date.now()` is exact only at the moment it steps, so this waits for a step, at most 1 ms. */
function calibrate(): number {
  const first = Date.now();
  let now = first;
  while (now === first) now = Date.now();
  return now - performance.now();
}
