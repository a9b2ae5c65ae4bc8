import type { Stats } from "../../contracts/api-queries.ts";
import { JOB_STATUSES } from "../../contracts/job.ts";
import type { ObservationReader, Totals } from "../../shared/observations/port.ts";
import type { JobCount, QueueQueries } from "./queue-queries.ts";

const NOT_MEASURED = { count: 0, p50: null, p95: null, p99: null };

/**
 * Combines the totals from both stores. Missing totals count as zero; if the counts are missing, no status or type is
 * listed.
 */
export function statsOf(counts: readonly JobCount[] | undefined, totals: Totals | undefined): Stats {
  const byStatus: Record<string, number> = counts
    ? Object.fromEntries(JOB_STATUSES.map((status) => [status, 0]))
    : {};
  for (const { status, count } of counts ?? []) byStatus[status] = (byStatus[status] ?? 0) + count;
  return {
    total: Object.values(byStatus).reduce((sum, count) => sum + count, 0),
    byStatus,
    ...(counts && { byType: byTypeOf(counts) }),
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

/**
 * Groups counts by type. Even a type named `__proto__` gets its own key; assigning to `counts["__proto__"]` would lose
 * it.
 */
function byTypeOf(counts: readonly JobCount[]): Record<string, Record<string, number>> {
  const types = Map.groupBy(counts, ({ type }) => type);
  return Object.fromEntries(
    Array.from(types, ([type, group]) => [
      type,
      Object.fromEntries(group.map(({ status, count }) => [status, count])),
    ]),
  );
}

/**
 * Reads the totals from both stores. Rejects with STORE_UNAVAILABLE when either is unavailable, because partial totals
 * would look like lost jobs.
 */
export async function readStats(
  queues: QueueQueries,
  observations: ObservationReader,
  caller?: AbortSignal,
): Promise<Stats> {
  const [counts, totals] = await Promise.all([queues.counts(caller), observations.totals()]);
  return statsOf(counts, totals);
}
