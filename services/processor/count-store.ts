import type { CountCheck } from "../../contracts/api-commands.ts";
import type { Sql } from "../../shared/postgres.ts";

/** Arbitrary keys for advisory locks, unlikely to collide with another program's. */
const FOLD_LOCK = 7_326_116;
const CHECK_LOCK = 7_326_117;
const FOLDED = 20_000;

/**
 * Creates the statements that maintain the job counts: they fold the appended deltas into totals, and check these
 * totals against a full count.
 */
export function createCountStore(sql: Sql) {
  return {
    /**
     * Adds appended deltas to the totals. `more` is true if deltas may remain; it is false while another processor is
     * running this statement.
     */
    async fold(): Promise<{ more: boolean }> {
      const [row] = await sql<{ taken: number }[]>`
        with taken as (
          delete from job_count_deltas
          where ctid = any(array(
            select ctid from job_count_deltas where (select pg_try_advisory_xact_lock(${FOLD_LOCK})) limit ${FOLDED}))
          returning *
        ),
        folded as (
          insert into job_counts_folded as f (type, status, version, priority, due, jobs)
          select type, status, version, priority, due, sum(jobs) from taken group by 1, 2, 3, 4, 5
          on conflict (type, status, version, priority, due) do update set jobs = f.jobs + excluded.jobs
        )
        select count(*)::int as taken from taken`;
      return { more: row?.taken === FOLDED };
    },

    /**
     * Counts all rows in one statement without a time limit, and corrects the totals that differ. The check is safe
     * while jobs are running. `sql` should be a dedicated connection.
     */
    async check(): Promise<CountCheck> {
      return sql.begin(async (tx) => {
        await tx`set local statement_timeout = 0`;
        // Two concurrent checks would correct the same difference twice.
        await tx`select pg_advisory_xact_lock(${CHECK_LOCK})`;
        const differences = await tx<CountCheck["differences"]>`
          with differing as materialized (select * from job_count_differences()),
          repaired as (
            insert into job_count_deltas
            select type, status, version, priority, due, counted - kept from differing
          )
          select type, status, sum(counted)::float8 as counted, sum(kept)::float8 as kept
          from differing group by 1, 2 order by 1, 2`;
        const [row] = await tx<{ jobs: number }[]>`
          select coalesce(sum(jobs), 0)::float8 as jobs from job_counts where status <> 'OPEN_LETTER'`;
        return { jobs: row?.jobs ?? 0, differences: [...differences] };
      });
    },
  };
}
export type CountStore = ReturnType<typeof createCountStore>;
