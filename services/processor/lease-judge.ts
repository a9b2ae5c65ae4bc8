export interface Clocks {
  /** Advances while the machine is suspended, and may be set. */
  readonly wall: () => number;
  /** Never set; on Linux it pauses while the machine is suspended. */
  readonly monotonic: () => number;
}

/**
 * Decides whether this worker may judge the leases of others. After a suspend, a frozen process or a store outage every
 * lease looks expired, so a worker that finds a gap between its own heartbeats waits until all others have had a
 * lease's time to renew theirs. A gap on either clock counts.
 */
export function createLeaseJudge(
  leaseMs: number,
  { wall, monotonic }: Clocks = { wall: Date.now, monotonic: () => performance.now() },
) {
  let last = { wall: wall(), monotonic: monotonic() };
  let since = last.monotonic;
  return {
    /** Records a successful heartbeat. */
    beaten(): void {
      const now = { wall: wall(), monotonic: monotonic() };
      const gap = Math.max(now.wall - last.wall, now.monotonic - last.monotonic);
      if (gap > (2 / 3) * leaseMs) since = now.monotonic;
      last = now;
    },
    mayJudge: () => monotonic() - since >= leaseMs,
  };
}
