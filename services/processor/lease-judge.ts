export interface Clocks {
  /** Goes on while the machine is suspended, and may be set. */
  readonly wall: () => number;
  /** Never set; on Linux it stands still while the machine is suspended. */
  readonly monotonic: () => number;
}

/**
 * Whether this worker may judge the leases of others. After a suspend, a frozen process or an outage of the store every
 * lease looks expired, so a worker that finds a gap between its own heartbeats waits until all had a lease's time to
 * renew theirs. A gap is what either clock saw.
 */
export function createLeaseJudge(
  leaseMs: number,
  { wall, monotonic }: Clocks = { wall: Date.now, monotonic: () => performance.now() },
) {
  let last = { wall: wall(), monotonic: monotonic() };
  let since = last.monotonic;
  return {
    /** A heartbeat succeeded. */
    beaten(): void {
      const now = { wall: wall(), monotonic: monotonic() };
      const gap = Math.max(now.wall - last.wall, now.monotonic - last.monotonic);
      if (gap > (2 / 3) * leaseMs) since = now.monotonic;
      last = now;
    },
    mayJudge: () => monotonic() - since >= leaseMs,
  };
}
