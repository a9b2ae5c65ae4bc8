import type { QueueState, QueuesReply } from "../../contracts/api-queries.ts";
import { JOB_STATUSES, type JobStatus } from "../../contracts/job.ts";
import { jobTypes } from "../../shared/job-text.ts";
import { knownTypesSql, withoutWorkerNote, withoutWorkerSql } from "../../shared/known-types.ts";
import type { ObservationReader } from "../../shared/observations/port.ts";
import type { JobStore } from "./job-store.ts";
import { unlessAway } from "./unless-away.ts";

/** What waits and runs now, by job type. Everything rejects as {@link JobStore.read} does. */
export function createQueueQueries(store: JobStore, observations: ObservationReader, leaseMs: number) {
  const queues = () =>
    store.read(async (sql) => {
      const [rows, paused, known, types] = await Promise.all([
        // Waiting and running are bounded by partial indexes; what is finished is not looked at.
        sql<QueueRow[]>`
          with ${knownTypesSql(sql, leaseMs)}
          select j.type,
            count(*) filter (where status <> 'EXECUTING' and run_at <= now())::int as waiting,
            count(*) filter (where status <> 'EXECUTING' and run_at > now())::int as scheduled,
            count(*) filter (where status = 'EXECUTING')::int as executing,
            extract(epoch from now() - min(run_at) filter (where status <> 'EXECUTING' and run_at <= now()))::float8
              * 1000 as oldest_ms,
            ${withoutWorkerSql(sql)}
          from (
            select type, status, run_at, type_version from jobs where status in ('VALIDATED', 'SCHEDULED', 'RETRYING')
            union all
            select type, status, run_at, type_version from jobs where status = 'EXECUTING'
          ) as j
          left join known k on k.type = j.type
          group by j.type`,
        sql<{ type: string }[]>`select type from paused_types`,
        sql<{ type: string; workers: number }[]>`
          with ${knownTypesSql(sql, leaseMs)} select type, workers from known`,
        jobTypes(sql),
      ]);
      const live = new Map(rows.map((row) => [row.type, row]));
      const halted = new Set(paused.map(({ type }) => type));
      const workersOf = new Map(known.map(({ type, workers }) => [type, workers]));
      return [...new Set([...types, ...live.keys(), ...halted])].sort().map((type): QueueState => {
        const row = live.get(type);
        const workers = workersOf.get(type) ?? 0;
        const withoutWorker = row?.withoutWorker ?? 0;
        const note = withoutWorkerNote(workers, withoutWorker, row?.wanted ?? null);
        return {
          type,
          waiting: row?.waiting ?? 0,
          scheduled: row?.scheduled ?? 0,
          executing: row?.executing ?? 0,
          paused: halted.has(type),
          oldestWaitingMs: row?.oldest_ms ?? null,
          workers,
          withoutWorker,
          ...(note && { note }),
        };
      });
    });

  /** Dead letters neither replayed nor dropped, and messages that wait to be published. */
  const backlog = async () => {
    const [row] = await store.read(
      (sql) => sql<{ dead_letters: number; outbox: number }[]>`
        select (select count(*)::int from dead_letters where replayed_at is null and dropped_at is null) as dead_letters,
          (select count(*)::int from outbox) as outbox`,
    );
    return { deadLetters: row?.dead_letters ?? 0, outbox: row?.outbox ?? 0 };
  };

  return {
    queues,
    backlog,

    /** Jobs by current status; a status without jobs is 0. */
    async byStatus(): Promise<Record<JobStatus, number>> {
      const rows = await store.read(
        (sql) => sql<{ status: JobStatus; count: number }[]>`
          select status, count(*)::int as count from jobs group by status`,
      );
      const counted = new Map(rows.map(({ status, count }) => [status, count]));
      return Object.fromEntries(JOB_STATUSES.map((status) => [status, counted.get(status) ?? 0])) as Record<
        JobStatus,
        number
      >;
    },

    /** The bus's side is as old as `busAt` says; null, with no queues, when it was not observed or that store is unavailable. */
    async all(): Promise<QueuesReply> {
      const [live, counts, snapshot] = await Promise.all([
        queues(),
        backlog(),
        unlessAway(observations.latestSnapshot()),
      ]);
      return {
        queues: live,
        bus: snapshot.value?.bus ?? [],
        busAt: snapshot.value?.at ?? null,
        ...counts,
      };
    },
  };
}
export type QueueQueries = ReturnType<typeof createQueueQueries>;

interface QueueRow {
  type: string;
  waiting: number;
  scheduled: number;
  executing: number;
  oldest_ms: number | null;
  withoutWorker: number;
  wanted: number | null;
}
