const originMs = calibrate();

/**
 * Wall-clock time in milliseconds with microsecond steps.
 * `Date.now()` steps by a whole millisecond, which is a third of the latencies measured here, and each
 * process has its own `performance` origin; this one agrees between processes of a machine to about 10 µs.
 */
export function wallClockMs(): number {
  return originMs + performance.now();
}

/** The moment `Date.now()` steps is the one moment it is exact, so wait (at most 1 ms) for a step. */
function calibrate(): number {
  const first = Date.now();
  let now = first;
  while (now === first) now = Date.now();
  return now - performance.now();
}
