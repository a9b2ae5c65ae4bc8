import type { JobType } from "../../shared/job-types/define.ts";

/** Places of the job types that run only so many attempts at a time in one processor. */
export interface TypeSlots {
  /** Takes a place for one job; false when its type is full. A type without a limit always has one. */
  take(type: string): boolean;
  /** Takes every place that is free; returns how many by type. */
  takeAll(): Record<string, number>;
  /** Frees one place; returns whether its type is limited, so that waiting jobs may have become claimable. */
  release(type: string): boolean;
  /** Frees what was taken and not used for one of these types. */
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
