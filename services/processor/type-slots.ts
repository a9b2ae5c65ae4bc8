import type { JobType } from "../../shared/job-types/define.ts";

/** The free slots of the job types that limit how many of their attempts one processor may run concurrently. */
export interface TypeSlots {
  /**
   * Takes a slot for a job; returns false if all slots of its type are taken. A type without a limit always has a free
   * slot.
   */
  take(type: string): boolean;
  /** Takes every free slot of every limited type. Returns the number taken, by type. */
  takeAll(): Record<string, number>;
  /** Releases a slot. Returns true if the type is limited, in which case waiting jobs may have become claimable. */
  release(type: string): boolean;
  /**
   * Releases the slots in `taken`, the result of `takeAll`, except one for each occurrence of a type's name in `used`.
   */
  releaseUnused(taken: Readonly<Record<string, number>>, used: readonly string[]): void;
}

export function createTypeSlots(jobTypes: ReadonlyMap<string, Pick<JobType, "maxRunning">>): TypeSlots {
  const free = new Map<string, number>();
  for (const [name, { maxRunning }] of jobTypes) if (maxRunning !== undefined) free.set(name, maxRunning);
  const add = (type: string, count: number) => {
    const slots = free.get(type);
    if (slots !== undefined) free.set(type, slots + count);
    return slots !== undefined;
  };
  return {
    take(type) {
      const slots = free.get(type);
      if (slots === 0) return false;
      add(type, -1);
      return true;
    },
    takeAll() {
      const taken = Object.fromEntries(free);
      for (const type of free.keys()) free.set(type, 0);
      return taken;
    },
    release: (type) => add(type, 1),
    releaseUnused(taken, used) {
      for (const [type, count] of Object.entries(taken))
        add(type, count - used.filter((one) => one === type).length);
    },
  };
}
