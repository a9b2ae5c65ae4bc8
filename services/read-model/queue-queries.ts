import type { QueuesReply } from "../../contracts/api-queries.ts";
import { JOB_STATUSES, type JobStatus } from "../../contracts/job.ts";
import type { ObservationReader } from "../../shared/observations/port.ts";
import { cancelledBy, plainArray } from "../../shared/postgres.ts";
import { readBacklog, readQueueStates } from "../../shared/queue-states.ts";
import { createSharedCall } from "../../shared/shared-call.ts";
import type { JobDatabase } from "./job-database.ts";
import { unlessUnavailable } from "./unless-unavailable.ts";

export interface JobCount {
  readonly type: string;
  readonly status: JobStatus;
  readonly count: number;
}

/** Creates the queries about waiting and running jobs by type. Each rejects as {@link JobDatabase.read} does. */
export function createQueueQueries(store: JobDatabase, observations: ObservationReader, leaseMs: number) {
  // One query serves all concurrent callers, and is cancelled once all of them have stopped waiting for it.
  const queues = createSharedCall((signal) =>
    store.read((sql) => readQueueStates(sql, { leaseMs, signal })),
  ).get;
  const backlog = createSharedCall((signal) => store.read((sql) => readBacklog(sql, signal))).get;

  /** Reads the job counts by type and current status from `job_counts`. */
  const counts = createSharedCall((signal) =>
    store.read((sql) =>
      cancelledBy(
        signal,
        sql<JobCount[]>`
          select type, status, sum(jobs)::float8 as count from job_counts
          where status = any(${plainArray(JOB_STATUSES)}::text[])
          group by type, status having sum(jobs) > 0 order by type, status`,
      ),
    ),
  ).get;

  return {
    queues,
    backlog,
    counts,

    /**
     * `busAt` is when the bus was measured. It is null, and no bus queues are listed, if the bus was never measured or
     * the store of its measurements is unavailable.
     */
    async all(caller?: AbortSignal): Promise<QueuesReply> {
      const [live, waiting, snapshot] = await Promise.all([
        queues(caller),
        backlog(caller),
        unlessUnavailable(observations.latestSnapshot()),
      ]);
      return {
        queues: live,
        bus: snapshot.value?.bus ?? [],
        busAt: snapshot.value?.at ?? null,
        ...waiting,
      };
    },
  };
}
export type QueueQueries = ReturnType<typeof createQueueQueries>;
