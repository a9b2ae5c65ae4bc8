import { type JobStatus, TERMINAL_STATUSES, WAITING_STATUSES } from "../../contracts/job.ts";
import type { CommandJob, CommandMove } from "./command-store.ts";
import type { Historian } from "./history.ts";

const WAITING: readonly JobStatus[] = WAITING_STATUSES;
export const CANCELLABLE: readonly JobStatus[] = [...WAITING_STATUSES, "EXECUTING"];
export const RETRYABLE: readonly JobStatus[] = ["FAILED", "CANCELLED"];
export const ENDED: readonly JobStatus[] = TERMINAL_STATUSES;

/**
 * Returns the transitions that cancel waiting jobs. Running jobs need none here, because their workers stop and cancel
 * them.
 */
export function cancelMoves(
  history: Historian,
  jobs: readonly CommandJob[],
  commandId: string,
): CommandMove[] {
  const now = history.now();
  return jobs
    .filter((job) => WAITING.includes(job.status))
    .map((job) => {
      const totalMs = Math.max(0, now.getTime() - job.createdAt.getTime());
      const about = { detail: { commandId } };
      return { job, step: history.move(job, "CANCELLED", "job.cancelled", { totalMs }, now, about) };
    });
}

/** Returns the transitions that queue retryable jobs for a new run. */
export function retryMoves(
  history: Historian,
  jobs: readonly CommandJob[],
  commandId: string,
): CommandMove[] {
  const now = history.now();
  return jobs
    .filter((job) => RETRYABLE.includes(job.status))
    .map((job) => {
      const about = { run: job.run + 1, detail: { retriedByPerson: true, commandId } };
      const { priority } = job;
      return { job, step: history.move(job, "VALIDATED", "job.validated", { priority }, now, about) };
    });
}
