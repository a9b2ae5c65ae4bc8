import type { StoreSnapshot } from "../../contracts/api-queries.ts";
import type { Sql } from "../../shared/postgres.ts";
import { readBacklog, readQueueStates } from "../../shared/queue-states.ts";
import { idsOf } from "./history-sql.ts";

export interface WorkerFacts {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly concurrency: number;
  /** JSON object: for each job type that this worker runs, the version as a sortable number (see `versionRank`). */
  readonly types: string;
}

export function createWorkerStore(sql: Sql) {
  async function time(): Promise<Date> {
    const [row] = await sql<{ now: Date }[]>`select clock_timestamp() as now`;
    if (!row) throw new Error("PostgreSQL returned no row when asked for the current time");
    return row.now;
  }

  return {
    time,

    async register({ id, host, pid, version, concurrency, types }: WorkerFacts): Promise<void> {
      await sql`
        insert into workers (id, host, pid, version, concurrency, state, types)
        values (${id}, ${host}, ${pid}, ${version}, ${concurrency}, 'alive', ${types}::text::jsonb)`;
    },

    /**
     * Renews the lease on a worker's jobs. Returns false if the worker was presumed dead; its jobs may then have new
     * holders.
     */
    async heartbeat(id: string, state: "alive" | "stopping"): Promise<boolean> {
      const rows = await sql`
        update workers set heartbeat_at = now(), state = ${state}
        where id = ${id} and state in ('alive', 'stopping') returning id`;
      return rows.length > 0;
    },

    async retire(id: string): Promise<void> {
      await sql`
        update workers set state = 'stopped', heartbeat_at = now()
        where id = ${id} and state in ('alive', 'stopping')`;
      await sql`delete from workers w where state in ('stopped', 'lost') and heartbeat_at < now() - interval '1 day'
        and not exists (select from jobs where status = 'EXECUTING' and worker_id = w.id)`;
    },

    /**
     * Marks workers whose lease has expired as lost. Returns their ids, and the milliseconds until the next lease
     * expires.
     */
    async markLost(leaseMs: number): Promise<{ lost: string[]; nextMs: number | null }> {
      const [row] = await sql<{ lost: string | null; nextMs: number | null }[]>`
        with lost as (
          update workers set state = 'lost'
          where state in ('alive', 'stopping') and heartbeat_at < now() - ${leaseMs} * interval '1 millisecond'
          returning id
        )
        select (select string_agg(id, ',') from lost) as lost,
          (select ${leaseMs} - extract(epoch from now() - min(heartbeat_at)) * 1000 from workers
            where state in ('alive', 'stopping')
              and heartbeat_at >= now() - ${leaseMs} * interval '1 millisecond')::float8 as "nextMs"`;
      return { lost: [...idsOf(row?.lost)], nextMs: row?.nextMs ?? null };
    },

    async held(workerId: string): Promise<{ id: string; cancelRequested: boolean }[]> {
      return sql<{ id: string; cancelRequested: boolean }[]>`
        select id, cancel_requested as "cancelRequested" from jobs
        where status = 'EXECUTING' and worker_id = ${workerId}`;
    },

    /** Returns the current queue depths, workers, dead letters and outbox size. */
    async snapshot(): Promise<StoreSnapshot> {
      // These queries run one after another; in parallel they would occupy every connection that the pool keeps open.
      const queues = await readQueueStates(sql);
      const workers = await sql<
        (Omit<StoreSnapshot["workers"][number], "startedAt" | "heartbeatAt"> & {
          startedAt: Date;
          heartbeatAt: Date;
        })[]
      >`
          select w.id, w.host, w.pid, w.version, w.state, w.concurrency, w.started_at as "startedAt",
            w.heartbeat_at as "heartbeatAt",
            array_to_json(array(select jsonb_object_keys(w.types) order by 1)) as types,
            count(j.id)::int as running, '[]'::jsonb as jobs
          from workers w left join jobs j on j.worker_id = w.id and j.status = 'EXECUTING'
          where w.state in ('alive', 'stopping') or w.heartbeat_at > now() - interval '10 minutes'
          group by w.id order by w.started_at`;
      const backlog = await readBacklog(sql);
      const at = await time();
      return {
        at: at.toISOString(),
        queues,
        workers: workers.map((worker) => ({
          ...worker,
          startedAt: worker.startedAt.toISOString(),
          heartbeatAt: worker.heartbeatAt.toISOString(),
        })),
        ...backlog,
      };
    },
  };
}
export type WorkerStore = ReturnType<typeof createWorkerStore>;
