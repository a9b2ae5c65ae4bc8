import { type JobStatus, TERMINAL_STATUSES } from "../../contracts/job.ts";
import type { CreatedEvent } from "../../shared/observations/port.ts";
import type { Position } from "./cursor.ts";
import type { JobStore } from "./job-store.ts";
import { HOLD_MS, type Progress } from "./ledger-watermark.ts";

export interface LedgerJob extends Position {
  readonly createdEventId: string;
}

export interface TerminalTransition {
  readonly jobId: string;
  readonly run: number;
  readonly eventId: string;
  readonly at: number;
}

/** The job store's side of the ledger, a chunk of ids at a time. Everything rejects as {@link JobStore.read} does. */
export function createLedgerQueries(store: JobStore) {
  return {
    async progress(): Promise<Omit<Progress, "now" | "snapshot" | "lastEventAt">> {
      const [row] = await store.read(
        (sql) => sql<Record<"job" | "transition" | "dead" | "outbox" | "heartbeat", Date | null>[]>`
          select
            (select created_at from jobs order by created_at desc, id desc limit 1) as job,
            (select max(at) from job_transitions) as transition,
            (select died_at from dead_letters order by died_at desc, id desc limit 1) as dead,
            (select min(created_at) from outbox) as outbox,
            (select min(heartbeat_at) from workers
              where state <> 'stopped' and heartbeat_at > now() - ${HOLD_MS}::float8 * interval '1 millisecond') as heartbeat`,
      );
      const time = (at: Date | null | undefined) => at?.getTime() ?? null;
      return {
        newestJobAt: time(row?.job),
        newestTransitionAt: time(row?.transition),
        newestDeadLetterAt: time(row?.dead),
        oldestOutboxAt: time(row?.outbox),
        oldestHeartbeatAt: time(row?.heartbeat),
      };
    },

    /** What became of accepted jobs, in the order given: the status of the row, a dead letter, or null for nothing. */
    async fates(created: readonly CreatedEvent[]): Promise<(JobStatus | "deadLettered" | null)[]> {
      const rows = await store.read(
        (sql) => sql<{ fate: JobStatus | "deadLettered" | null }[]>`
          select coalesce(jobs.status,
            case when exists (select from dead_letters where event_id = given.event_id) then 'deadLettered' end) as fate
          from unnest(${created.map(({ eventId }) => eventId)}::uuid[], ${created.map(({ jobId }) => jobId)}::uuid[])
            with ordinality as given (event_id, job_id, place)
          left join jobs on jobs.id = given.job_id and jobs.created_event_id = given.event_id
          order by given.place`,
      );
      return rows.map(({ fate }) => fate);
    },

    /** Jobs created in [from, before), oldest first, after a position. */
    async jobs(from: Date, before: Date, after: Position | undefined, limit: number): Promise<LedgerJob[]> {
      const rows = await store.read(
        (sql) => sql<{ id: string; micros: string; created_event_id: string }[]>`
          select id, (extract(epoch from created_at) * 1000000)::bigint as micros, created_event_id
          from jobs where created_at >= ${from} and created_at < ${before}
          ${
            after
              ? sql`and (created_at, id) > (timestamptz 'epoch' + ${after.micros}::bigint * interval '1 microsecond', ${after.id}::uuid)`
              : sql``
          }
          order by created_at, id limit ${limit}`,
      );
      return rows.map(({ id, micros, created_event_id }) => ({
        id,
        micros,
        createdEventId: created_event_id,
      }));
    },

    /** Every outcome that these jobs were given. */
    async terminalTransitions(jobIds: readonly string[]): Promise<TerminalTransition[]> {
      const rows = await store.read(
        (sql) => sql<{ job_id: string; run: number; event_id: string; at: Date }[]>`
          select job_id, run, event_id, at from job_transitions
          where job_id = any(${[...jobIds]}::uuid[]) and to_status = any(${[...TERMINAL_STATUSES]}::text[])`,
      );
      return rows.map(({ job_id, run, event_id, at }) => ({
        jobId: job_id,
        run,
        eventId: event_id,
        at: at.getTime(),
      }));
    },

    /** For each event, in the order given: whether its job has a place in the store, and whether its move has. */
    async knows(events: readonly CreatedEvent[]): Promise<{ job: boolean; move: boolean }[]> {
      return await store.read(
        (sql) => sql<{ job: boolean; move: boolean }[]>`
          select
            exists (select from jobs where id = given.job_id)
              or exists (select from dead_letters where job_id = given.job_id) as job,
            exists (select from job_transitions where job_id = given.job_id and event_id = given.event_id) as move
          from unnest(${events.map(({ eventId }) => eventId)}::uuid[], ${events.map(({ jobId }) => jobId)}::uuid[])
            with ordinality as given (event_id, job_id, place)
          order by given.place`,
      );
    },
  };
}
export type LedgerQueries = ReturnType<typeof createLedgerQueries>;
