import type { Sql } from "../../shared/postgres.ts";
import { claimSql, neverSort } from "./claim-sql.ts";
import type { Historian } from "./history.ts";
import type { WriteHistory } from "./history-sql.ts";
import type { KnownTypes } from "./known-types.ts";
import { type Claimed, type ClaimRow, recordStarts } from "./record-starts-sql.ts";

/** Maximum number of jobs that one statement marks as due. */
const PROMOTED = 1_000;

/** Creates the statements that claim due jobs. They use PostgreSQL's clock, not this processor's. */
export function createClaimStore(sql: Sql, history: Historian, write: WriteHistory, known: KnownTypes) {
  return {
    /**
     * Claims at most `limit` due jobs of types that this processor knows, by priority and then by due time. `typeSlots`
     * limits how many jobs of a type are claimed. A job without a retry policy receives its type's policy. A worker
     * that was presumed dead claims nothing until it has registered again. The same transaction commits the outbox
     * message with the jobs' `job.started` events.
     */
    async claim(
      workerId: string,
      limit: number,
      typeSlots: Readonly<Record<string, number>> = {},
    ): Promise<Claimed> {
      return sql.begin(async (transaction) => {
        const tx = transaction as unknown as Sql;
        const request = { workerId, typeSlots: JSON.stringify(typeSlots), policies: known.policies };
        const [, rows] = await Promise.all([neverSort(tx), tx<ClaimRow[]>`${claimSql(tx, request, limit)}`]);
        return recordStarts(tx, history, write, rows);
      });
    },

    /**
     * Marks jobs whose `run_at` has passed as due, so that claims see them. `more` is true if further such jobs may
     * remain, because one statement marks a limited number.
     */
    async promote(): Promise<{ promoted: number; more: boolean }> {
      const { count } = await sql`
        update jobs set due = true
        where ctid = any(array(
          select ctid from jobs
          where not due and status in ('VALIDATED', 'SCHEDULED', 'RETRYING') and run_at <= now()
          order by run_at limit ${PROMOTED} for update skip locked))`;
      return { promoted: count, more: count === PROMOTED };
    },
  };
}
export type ClaimStore = ReturnType<typeof createClaimStore>;
