import type { StoreSnapshot } from "../../contracts/api-queries.ts";
import { JOB_TYPES } from "../../shared/job-types/registry.ts";

/**
 * The queues of a snapshot with those of every known job type: a type without unfinished jobs is in no row of the job
 * store, and its depth is none, not unknown. Without it a series would stay at the last depth before the queue drained.
 */
export function withKnownQueues(queues: StoreSnapshot["queues"]): StoreSnapshot["queues"] {
  const there = new Set(queues.map(({ type }) => type));
  const drained = [...JOB_TYPES.keys()].filter((type) => !there.has(type));
  return [
    ...queues,
    ...drained.map((type) => ({
      type,
      waiting: 0,
      scheduled: 0,
      executing: 0,
      paused: false,
      oldestWaitingMs: null,
    })),
  ];
}
