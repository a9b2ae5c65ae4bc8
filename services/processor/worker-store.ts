import type { QueueState, StoreSnapshot } from "../../contracts/api-queries.ts";
import { knownTypesSql, withoutWorkerNote, withoutWorkerSql } from "../../shared/known-types.ts";
import type { Sql } from "../../shared/postgres.ts";
import { idsOf } from "./steps-sql.ts";

export interface WorkerFacts {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly concurrency: number;
  /** JSON: the rank of each job type's version, by name. */
  readonly types: string;
}

export function createWorkerStore(sql: Sql) {
  return {
    async register({ id, host, pid, version, concurrency, types }: WorkerFacts): Promise<void> {
      await sql`
        insert into workers (id, host, pid, version, concurrency, state, types)
        values (${id}, ${host}, ${pid}, ${version}, ${concurrency}, 'alive', ${types}::text::jsonb)`;
    },

    /** Renews the lease of everything this worker holds. False when it was presumed dead: its jobs may have new holders. */
    async heartbeat(id: string, state: "alive" | "stopping"): Promise<boolean> {
      const rows = await sql`
        update workers set heartbeat_at = now(), state = ${state} where id = ${id} and state in ('alive', 'stopping') returning id`;
      return rows.length > 0;
    },

    async retire(id: string): Promise<void> {
      await sql`update workers set state = 'stopped', heartbeat_at = now() where id = ${id} and state in ('alive', 'stopping')`;
      await sql`delete from workers w where state in ('stopped', 'lost') and heartbeat_at < now() - interval '1 day'
        and not exists (select from jobs where status = 'EXECUTING' and worker_id = w.id)`;
    },

    /** Marks workers as lost whose lease has expired; also returns in how many milliseconds the next lease expires. */
    async markLost(leaseMs: number): Promise<{ lost: string[]; nextMs: number | null }> {
      const [row] = await sql<{ lost: string | null; nextMs: number | null }[]>`
        with lost as (
          update workers set state = 'lost'
          where state in ('alive', 'stopping') and heartbeat_at < now() - ${leaseMs} * interval '1 millisecond'
          returning id
        )
        select (select string_agg(id, ',') from lost) as lost,
          (select ${leaseMs} - extract(epoch from now() - min(heartbeat_at)) * 1000 from workers
            where state in ('alive', 'stopping') and heartbeat_at >= now() - ${leaseMs} * interval '1 millisecond')::float8 as "nextMs"`;
      return { lost: [...idsOf(row?.lost)], nextMs: row?.nextMs ?? null };
    },

    /** What the store says this worker runs. */
    async held(workerId: string): Promise<{ id: string; cancelRequested: boolean }[]> {
      return sql<{ id: string; cancelRequested: boolean }[]>`
        select id, cancel_requested as "cancelRequested" from jobs where status = 'EXECUTING' and worker_id = ${workerId}`;
    },

    /** Depths, workers, dead letters and outbox at this moment. */
    async snapshot(): Promise<StoreSnapshot> {
      const [queues, workers, [counts]] = await Promise.all([
        sql<(QueueState & { wanted: number | null })[]>`
          with ${knownTypesSql(sql)}
          select coalesce(j.type, p.type) as type,
            count(*) filter (where j.status <> 'EXECUTING' and j.run_at <= now())::int as waiting,
            count(*) filter (where j.status <> 'EXECUTING' and j.run_at > now())::int as scheduled,
            count(*) filter (where j.status = 'EXECUTING')::int as executing,
            bool_or(p.type is not null) as paused,
            (extract(epoch from now() - min(j.run_at) filter (where j.status <> 'EXECUTING' and j.run_at <= now())) * 1000)::float8 as "oldestWaitingMs",
            coalesce(max(k.workers), 0) as workers, ${withoutWorkerSql(sql)}
          from (
            select type, status, run_at, type_version from jobs
            where status in ('VALIDATED', 'SCHEDULED', 'RETRYING', 'EXECUTING')
          ) j
          full join paused_types p on p.type = j.type
          left join known k on k.type = coalesce(j.type, p.type)
          group by 1 order by 1`,
        sql<
          (Omit<StoreSnapshot["workers"][number], "startedAt" | "heartbeatAt"> & {
            startedAt: Date;
            heartbeatAt: Date;
          })[]
        >`
          select w.id, w.host, w.pid, w.version, w.state, w.concurrency, w.started_at as "startedAt", w.heartbeat_at as "heartbeatAt",
            array_to_json(array(select jsonb_object_keys(w.types) order by 1)) as types,
            count(j.id)::int as running, '[]'::jsonb as jobs
          from workers w left join jobs j on j.worker_id = w.id and j.status = 'EXECUTING'
          where w.state in ('alive', 'stopping') or w.heartbeat_at > now() - interval '10 minutes'
          group by w.id order by w.started_at`,
        sql<{ deadLetters: number; outbox: number }[]>`
          select (select count(*)::int from dead_letters where replayed_at is null and dropped_at is null) as "deadLetters", (select count(*)::int from outbox) as outbox`,
      ]);
      return {
        at: new Date().toISOString(),
        queues: queues.map(({ wanted, ...queue }) => {
          const note = withoutWorkerNote(queue.workers ?? 0, queue.withoutWorker ?? 0, wanted);
          return { ...queue, ...(note && { note }) };
        }),
        workers: workers.map((worker) => ({
          ...worker,
          startedAt: worker.startedAt.toISOString(),
          heartbeatAt: worker.heartbeatAt.toISOString(),
        })),
        deadLetters: counts?.deadLetters ?? 0,
        outbox: counts?.outbox ?? 0,
      };
    },
  };
}
export type WorkerStore = ReturnType<typeof createWorkerStore>;
