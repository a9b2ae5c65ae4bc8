import type { Stats } from "../../contracts/api-queries.ts";
import type { JobStatus } from "../../contracts/job.ts";
import type { ObservationReader, Totals } from "../../shared/observations/port.ts";
import type { QueueQueries } from "./queue-queries.ts";

const NOT_MEASURED = { count: 0, p50: null, p95: null, p99: null };

/** Put the two stores' halves together; a half that is not known counts nothing. */
export function statsOf(byStatus: Partial<Record<JobStatus, number>>, totals: Totals | undefined): Stats {
  return {
    total: Object.values(byStatus).reduce((sum, count) => sum + count, 0),
    byStatus: { ...byStatus },
    lastEventAt: totals?.lastEventAt ?? null,
    counters: totals?.counters ?? {
      submitted: 0,
      completed: 0,
      failed: 0,
      retried: 0,
      cancelled: 0,
      rejected: 0,
      events: 0,
    },
    execution: totals?.execution ?? NOT_MEASURED,
    queueWait: totals?.queueWait ?? NOT_MEASURED,
  };
}

/** Totals of both stores. Rejects with STORE_UNAVAILABLE when either is unavailable: half of it would look like a loss. */
export async function readStats(queues: QueueQueries, observations: ObservationReader): Promise<Stats> {
  const [byStatus, totals] = await Promise.all([queues.byStatus(), observations.totals()]);
  return statsOf(byStatus, totals);
}
