import type { Sql } from "../../shared/postgres.ts";
import { claimSql, neverSort } from "./claim-sql.ts";
import type { Historian } from "./history.ts";
import type { KnownTypes } from "./known-types.ts";
import { type Claimed, type ClaimRow, recordStarts } from "./record-starts-sql.ts";
import type { WriteHistory } from "./history-sql.ts";

/** Jobs whose time has come, in one statement. */
const PROMOTED = 1_000;

/** The statements that take due jobs. "Now" is PostgreSQL's, whatever the clock of this processor says. */
export function createClaimStore(sql: Sql, history: Historian, write: WriteHistory, known: KnownTypes) {
  return {
    /**
     * Claims at most `limit` due jobs of types that this processor knows, best first: priority, then age; of a type that
     * `typeSlots` names, at most so many. A job without a policy gets that of its type. A worker that was presumed dead claims
     * nothing until it has registered again. The `job.started` of the jobs is in the outbox with them.
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
     * Marks jobs whose time has come, so that claims see them. Returns whether more may be left: a wave of scheduled jobs
     * is marked in several statements.
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
