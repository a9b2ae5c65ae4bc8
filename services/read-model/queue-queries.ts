import type { QueueState, QueuesReply } from "../../contracts/api-queries.ts";
import { JOB_STATUSES, type JobStatus } from "../../contracts/job.ts";
import { jobTypes } from "../../shared/job-text.ts";
import type { ObservationReader } from "../../shared/observations/port.ts";
import type { JobStore } from "./job-store.ts";
import { unlessAway } from "./unless-away.ts";

/** What waits and runs now, by job type. Everything rejects as {@link JobStore.read} does. */
export function createQueueQueries(store: JobStore, observations: ObservationReader) {
  const queues = () =>
    store.read(async (sql) => {
      const [rows, paused, types] = await Promise.all([
        // Waiting and running are bounded by partial indexes; what is finished is not looked at.
        sql<QueueRow[]>`
          select type,
            count(*) filter (where status <> 'EXECUTING' and run_at <= now())::int as waiting,
            count(*) filter (where status <> 'EXECUTING' and run_at > now())::int as scheduled,
            count(*) filter (where status = 'EXECUTING')::int as executing,
            extract(epoch from now() - min(run_at) filter (where status <> 'EXECUTING' and run_at <= now()))::float8
              * 1000 as oldest_ms
          from (
            select type, status, run_at from jobs where status in ('VALIDATED', 'SCHEDULED', 'RETRYING')
            union all
            select type, status, run_at from jobs where status = 'EXECUTING'
          ) as live
          group by type`,
        sql<{ type: string }[]>`select type from paused_types`,
        jobTypes(sql),
      ]);
      const live = new Map(rows.map((row) => [row.type, row]));
      const halted = new Set(paused.map(({ type }) => type));
      return [...new Set([...types, ...live.keys(), ...halted])].sort().map(
        (type): QueueState => ({
          type,
          waiting: live.get(type)?.waiting ?? 0,
          scheduled: live.get(type)?.scheduled ?? 0,
          executing: live.get(type)?.executing ?? 0,
          paused: halted.has(type),
          oldestWaitingMs: live.get(type)?.oldest_ms ?? null,
        }),
      );
    });

  /** Dead letters that nobody has replayed, and messages that wait to be published. */
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

    /** The bus's side is as old as `busAt` says; null, with no queues, when nobody observed it or that store is away. */
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
}
