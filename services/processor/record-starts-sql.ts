import type { JobStatus } from "../../contracts/job.ts";
import { plainArray, type Sql } from "../../shared/postgres.ts";
import { after, type Historian } from "./history.ts";
import type { OutboxMessage, WriteHistory } from "./history-sql.ts";
import type { ClaimedJob } from "./job.ts";

/** Claimed jobs, and the message with their `job.started` events. */
export interface Claimed {
  readonly jobs: ClaimedJob[];
  readonly message: OutboxMessage | undefined;
}

/**
 * A row that a claim returns: the job, its status before the claim, and whether the job's row implies the transition to
 * EXECUTING, which then needs no row of its own.
 */
export interface ClaimRow extends Omit<ClaimedJob, "status"> {
  readonly was: JobStatus;
  readonly implied: boolean;
}

/** Records the start of claimed jobs in the transaction that claimed them. */
export async function recordStarts(
  tx: Sql,
  history: Historian,
  write: WriteHistory,
  rows: readonly ClaimRow[],
): Promise<Claimed> {
  if (rows.length === 0) return { jobs: [], message: undefined };
  const claimed = rows.map(({ was, implied, ...job }) => {
    const { workerId, queueWaitMs, startedAt } = job;
    const facts = { workerId, queueWaitMs };
    const about = { detail: { workerId }, implied };
    // The claim has already incremented the row's sequence for this transition. `move` increments it too, so it must
    // start from the sequence before the claim.
    const started = history.move(
      { ...job, status: was, sequence: job.sequence - 1 },
      "EXECUTING",
      "job.started",
      facts,
      startedAt,
      about,
    );
    return { job: after({ ...job, status: "EXECUTING" as const }, started), started };
  });
  const jobs = claimed.map(({ job }) => job);
  const steps = claimed.map(({ started }) => started);
  const writing = write(steps);
  const [written] = await tx<{ sent: string }[]>`
    with done as (
      select unnest(${plainArray(steps.map((s) => s.jobId))}::uuid[]) as id
    ), ${writing.sql(tx)}
    select id as sent from sent`;
  return { jobs, message: writing.message(written?.sent) };
}
