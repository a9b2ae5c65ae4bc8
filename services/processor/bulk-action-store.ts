import type { DeadLetterFilter, JobFilter } from "../../contracts/filter-schema.ts";
import { deadLetterConditions } from "../../shared/dead-letter-filter-sql.ts";
import { plainArray, type Sql } from "../../shared/postgres.ts";
import { CANCELLABLE, ENDED, RETRYABLE } from "./command-moves.ts";
import { type CommandJob, type CommandMove, createCommandStore } from "./command-store.ts";
import type { OutboxMessage, WriteHistory } from "./history-sql.ts";
import { jobMatch } from "./job-match.ts";
import { pruneIn } from "./prune-store.ts";
import { storableJson } from "./storable-json.ts";

export type Target = "jobs" | "dead-letters";
export type BulkVerb = "retry" | "cancel" | "purge" | "replay" | "drop";

export interface BulkAction {
  readonly id: string;
  readonly target: Target;
  readonly action: BulkVerb;
  readonly filter: JobFilter & DeadLetterFilter;
  readonly state: "running" | "done" | "cancelled" | "failed";
  /** Why the action failed. */
  readonly reason: string | null;
  readonly matched: number;
  readonly seen: number;
  readonly changed: number;
  readonly after: string | null;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
}

/** The rows that an action covers, and the operation it performs on them. */
export type ActionScope = Pick<BulkAction, "target" | "action" | "filter" | "createdAt">;

/** The number of matching jobs with one status and type, or of matching dead letters with one reason and type. */
export interface MatchCount {
  readonly group: string;
  readonly type: string | null;
  readonly count: number;
}

/**
 * The result of one step of an action on jobs. `finished` is true when no jobs are left or this worker no longer holds
 * the action.
 */
export interface Chunk {
  readonly finished: boolean;
  readonly messages: readonly OutboxMessage[];
  readonly moved: number;
}

const CHUNK = 500;
/** Jobs deleted per transaction; a transaction of this size takes tens of milliseconds. */
const PURGE_CHUNK = 200;
/** The job statuses that each action applies to. */
const ELIGIBLE = { retry: RETRYABLE, cancel: CANCELLABLE, purge: ENDED } as const;
/** A step skips jobs that have changed this many times between its read and its write. */
const MAX_ROUNDS = 5;

export function createBulkActionStore(sql: Sql, write: WriteHistory) {
  const columns = (on: Sql) => on`
    id, target, action, filter, state, reason, matched, seen, changed, after,
    created_at as "createdAt", finished_at as "finishedAt"`;

  /**
   * Returns the FROM clause for the rows that matched when the action was requested. An object wraps the
   * clause, because awaiting a bare query would run it.
   */
  async function rowsOf(on: Sql, { target, action, filter, createdAt }: ActionScope) {
    if (target === "dead-letters") {
      const pending = action === "replay" ? on`and replayed_at is null` : on``;
      return {
        from: on`dead_letters where ${deadLetterConditions(on, filter)} ${pending} and died_at <= ${createdAt}`,
      };
    }
    const match = await jobMatch(
      on,
      filter,
      ELIGIBLE[action === "cancel" || action === "purge" ? action : "retry"],
    );
    // For a retry, `finished_at` excludes jobs that this action has already retried and that have failed again.
    const bound = action === "cancel" ? on`created_at <= ${createdAt}` : on`finished_at <= ${createdAt}`;
    return { from: on`jobs where ${match.sql} and ${bound}` };
  }

  /** Returns the ids that an action handles next, in ascending order. */
  async function nextIds(on: Sql, action: BulkAction, limit: number): Promise<string[]> {
    const { after } = action;
    const rows = await on<{ id: string }[]>`
      select id from ${(await rowsOf(on, action)).from} ${after ? on`and id > ${after}` : on``}
      order by id limit ${limit}`;
    return rows.map(({ id }) => id);
  }

  return {
    async matches(action: ActionScope): Promise<MatchCount[]> {
      const group = action.target === "jobs" ? sql`status` : sql`reason`;
      return sql<MatchCount[]>`
        select ${group} as group, type, count(*)::int as count
        from ${(await rowsOf(sql, action)).from} group by 1, 2 limit 1000`;
    },

    async sample(action: ActionScope, limit: number): Promise<string[]> {
      const rows = await sql<
        { id: string }[]
      >`select id from ${(await rowsOf(sql, action)).from} limit ${limit}`;
      return rows.map(({ id }) => id);
    },

    /** Creates an action, unless one with the same id exists. */
    async create({
      id,
      target,
      action,
      filter,
      matched,
      createdAt,
    }: Omit<BulkAction, "state" | "reason" | "seen" | "changed" | "after" | "finishedAt">): Promise<void> {
      await sql`
        insert into bulk_actions (id, target, action, filter, matched, created_at)
        values (${id}, ${target}, ${action}, ${storableJson(JSON.stringify(filter))}::text::jsonb, ${matched},
          ${createdAt})
        on conflict (id) do nothing`;
    },

    async get(id: string, target: Target): Promise<BulkAction | undefined> {
      const [row] = await sql<BulkAction[]>`
        select ${columns(sql)} from bulk_actions where id = ${id} and target = ${target}`;
      return row;
    },

    /**
     * Takes the oldest running action that is neither in `passed`, the actions to skip, nor held by another live
     * worker.
     */
    async take(workerId: string, passed: readonly string[]): Promise<BulkAction | undefined> {
      const [row] = await sql<BulkAction[]>`
        update bulk_actions set worker_id = ${workerId}
        where id = (
          select id from bulk_actions b
          where state = 'running' and id <> all(${plainArray(passed)}::uuid[])
            and (worker_id = ${workerId} or not exists (
              select from workers w where w.id = b.worker_id and w.state in ('alive', 'stopping')))
          order by created_at limit 1 for update skip locked
        )
        returning ${columns(sql)}`;
      return row;
    },

    /** Releases an action, so that other workers can take it. */
    async release(id: string, workerId: string): Promise<void> {
      await sql`update bulk_actions set worker_id = null where id = ${id} and worker_id = ${workerId}`;
    },

    /** Ends an action as failed. The changes it has made remain. */
    async fail(id: string, workerId: string, reason: string): Promise<void> {
      await sql`
        update bulk_actions set state = 'failed', reason = ${reason}, finished_at = now()
        where id = ${id} and worker_id = ${workerId} and state = 'running'`;
    },

    /** Cancels an action. The changes it has made remain. */
    async cancel(id: string): Promise<void> {
      await sql`
        update bulk_actions set state = 'cancelled', finished_at = now() where id = ${id} and state = 'running'`;
    },

    /**
     * Changes the next jobs and counts them in one transaction, so that a dying worker leaves no change uncounted.
     * `movesOf` returns the jobs' transitions; a cancel action also requests cancellation of running jobs.
     */
    async jobChunk(
      id: string,
      workerId: string,
      movesOf: (jobs: readonly CommandJob[]) => CommandMove[],
    ): Promise<Chunk> {
      return sql.begin(async (transaction) => {
        const tx = transaction as unknown as Sql;
        const action = await held(tx, id, workerId);
        if (!action) return { finished: true, messages: [], moved: 0 };
        const { after } = action;
        const ids = await nextIds(tx, action, CHUNK);
        const done = new Set<string>();
        const messages: OutboxMessage[] = [];
        const jobs = createCommandStore(tx, write);
        let open = ids;
        for (let round = 0; open.length > 0 && round < MAX_ROUNDS; round++) {
          const found = await jobs.get(open);
          const moves = movesOf(found);
          const moved =
            moves.length > 0 ? await jobs.move(moves) : { done: new Set<string>(), message: undefined };
          if (moved.message) messages.push(moved.message);
          const running = found.filter(({ status }) => status === "EXECUTING").map((job) => job.id);
          const requested =
            action.action === "cancel" && running.length > 0 ? await jobs.requestCancel(running) : [];
          for (const one of [...moved.done, ...requested]) done.add(one);
          open = moves.map(({ job }) => job.id).filter((one) => !done.has(one));
        }
        const finished = ids.length < CHUNK;
        await advance(tx, id, {
          after: ids.at(-1) ?? after,
          seen: ids.length,
          changed: done.size,
          finished,
        });
        return { finished, messages, moved: done.size };
      });
    },

    /** Returns the ids of an action's next dead letters; undefined if this worker no longer holds the action. */
    async letterIds(id: string, workerId: string, limit: number): Promise<string[] | undefined> {
      const action = await held(sql, id, workerId);
      return action && nextIds(sql, action, limit);
    },

    /** Drops the next dead letters and counts them in one transaction. */
    async dropChunk(id: string, workerId: string): Promise<{ finished: boolean }> {
      return sql.begin(async (transaction) => {
        const tx = transaction as unknown as Sql;
        const action = await held(tx, id, workerId);
        if (!action) return { finished: true };
        const { after } = action;
        const ids = await nextIds(tx, action, CHUNK);
        const rows = await tx`
          update dead_letters set dropped_at = now()
          where id = any(${plainArray(ids)}::uuid[]) and dropped_at is null returning id`;
        const finished = ids.length < CHUNK;
        await advance(tx, id, {
          after: ids.at(-1) ?? after,
          seen: ids.length,
          changed: rows.length,
          finished,
        });
        return { finished };
      });
    },

    /** Deletes the next jobs and counts them in one transaction. */
    async purgeChunk(id: string, workerId: string): Promise<{ finished: boolean }> {
      return sql.begin(async (transaction) => {
        const tx = transaction as unknown as Sql;
        const action = await held(tx, id, workerId);
        if (!action) return { finished: true };
        const { after } = action;
        const ids = await nextIds(tx, action, PURGE_CHUNK);
        const changed = await pruneIn(tx, ids, "purge");
        const finished = ids.length < PURGE_CHUNK;
        await advance(tx, id, { after: ids.at(-1) ?? after, seen: ids.length, changed, finished });
        return { finished };
      });
    },

    advance: (id: string, step: Advance) => advance(sql, id, step),

    /** Deletes ended actions that were requested more than a week ago. */
    async forgetOld(): Promise<void> {
      await sql`delete from bulk_actions where created_at < now() - interval '7 days' and state <> 'running'`;
    },
  };

  /** Returns an action if it is running and this worker holds it. Within a transaction, its row stays locked. */
  async function held(on: Sql, id: string, workerId: string): Promise<BulkAction | undefined> {
    const [row] = await on<BulkAction[]>`
      select ${columns(on)} from bulk_actions
      where id = ${id} and worker_id = ${workerId} and state = 'running' for update`;
    return row;
  }

  async function advance(on: Sql, id: string, { after, seen, changed, finished }: Advance): Promise<void> {
    await on`
      update bulk_actions
      set after = ${after}, seen = seen + ${seen}, changed = changed + ${changed},
          state = case when ${finished}::bool then 'done' else state end,
          finished_at = case when ${finished}::bool then now() end
      where id = ${id} and state = 'running'`;
  }
}
export type BulkActionStore = ReturnType<typeof createBulkActionStore>;

interface Advance {
  readonly after: string | null;
  readonly seen: number;
  readonly changed: number;
  readonly finished: boolean;
}
