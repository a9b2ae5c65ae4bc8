/** Counts the slots for running jobs. Reserved and occupied slots together never exceed `total`. */
export function createSlots(total: number) {
  let free = total;
  return {
    total,
    get free() {
      return free;
    },
    get busy() {
      return total - free;
    },
    /** Reserves up to `wanted` slots; returns how many. */
    reserve(wanted: number): number {
      const taken = Math.max(0, Math.min(wanted, free));
      free -= taken;
      return taken;
    },
    release(count: number): void {
      free += count;
      if (free > total) throw new Error(`released more slots than exist: ${free} of ${total}`);
    },
  };
}
export type Slots = ReturnType<typeof createSlots>;
