import type { StoreSnapshot } from "../../contracts/api-queries.ts";
import { JOB_TYPES } from "../../shared/job-types/registry.ts";

/**
 * Adds the missing queues of known job types to a snapshot. The job store lists no queue for a type without unfinished
 * jobs, but that queue's depth is 0, not unknown. Without an entry, the queue's time series would stay at its last depth.
 */
export function withKnownQueues(queues: StoreSnapshot["queues"]): StoreSnapshot["queues"] {
  const listed = new Set(queues.map(({ type }) => type));
  const drained = [...JOB_TYPES.keys()].filter((type) => !listed.has(type));
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
