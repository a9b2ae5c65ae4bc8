import type { WorkerState } from "../../contracts/api-queries.ts";
import { cancelledBy } from "../../shared/postgres.ts";
import { createSharedCall } from "../../shared/shared-call.ts";
import type { JobDatabase } from "./job-database.ts";

/** How long a processor stays listed after its last heartbeat. */
const SHOWN_FOR = "1 hour";
const MAX_WORKERS = 500;

interface WorkerRow {
  id: string;
  host: string;
  pid: number;
  version: string;
  concurrency: number;
  types: string[];
  state: WorkerState["state"];
  started_at: Date;
  heartbeat_at: Date;
  jobs: { jobId: string; type: string; attempt: number; startedAt: string }[];
}

/**
 * Lists processors with the jobs they run, newest first. An alive or stopping processor whose heartbeat is older than
 * the lease shows as lost, because its loss may not have been recorded yet. Another processor records it (`markLost` in
 * its `worker-store.ts`). Rejects as {@link JobDatabase.read} does.
 */
export function createWorkerQueries(store: JobDatabase, leaseMs: number) {
  return {
    all: createSharedCall(async (signal): Promise<WorkerState[]> => {
      const rows = await store.read((sql) =>
        cancelledBy(
          signal,
          sql<WorkerRow[]>`
          select id, host, pid, version, concurrency, started_at, heartbeat_at,
            array_to_json(array(select jsonb_object_keys(types) order by 1)) as types,
            case when state in ('alive', 'stopping')
                and heartbeat_at < now() - ${leaseMs}::float8 * interval '1 millisecond'
              then 'lost' else state end as state,
            coalesce((
              select jsonb_agg(jsonb_build_object('jobId', jobs.id, 'type', type, 'attempt', attempt, 'startedAt',
                to_char(coalesce(jobs.started_at, jobs.updated_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
                order by jobs.started_at, jobs.id)
              from jobs where status = 'EXECUTING' and worker_id = workers.id
            ), '[]') as jobs
          from workers
          where heartbeat_at > now() - ${SHOWN_FOR}::text::interval
          order by started_at desc, id limit ${MAX_WORKERS}`,
        ),
      );
      return rows.map((row) => ({
        id: row.id,
        host: row.host,
        pid: row.pid,
        version: row.version,
        state: row.state,
        concurrency: row.concurrency,
        types: row.types,
        running: row.jobs.length,
        jobs: row.jobs,
        startedAt: row.started_at.toISOString(),
        heartbeatAt: row.heartbeat_at.toISOString(),
      }));
    }).get,
  };
}
export type WorkerQueries = ReturnType<typeof createWorkerQueries>;
