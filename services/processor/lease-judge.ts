export interface Clocks {
  /** A clock that advances while the machine is suspended, but that can be set back or forward. */
  readonly wall: () => number;
  /** A clock that cannot be set, but that on Linux stops while the machine is suspended. */
  readonly monotonic: () => number;
}

/**
 * Decides whether this worker may mark other workers as lost. After a system suspend, a process freeze or a store
 * outage, every lease looks expired. Therefore, a worker that finds an unusually long gap between its own heartbeats,
 * measured by either clock, first waits for a full lease, so that the other workers can renew their leases.
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
