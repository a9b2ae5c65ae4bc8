import type { JobStatus } from "../../contracts/job.ts";
import { pause } from "../../shared/async.ts";
import { ConfigError } from "../../shared/config.ts";
import type { Duty } from "../../shared/duty.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { Place, PruneStore } from "./prune-store.ts";

export const RETENTION_EVERY_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Jobs deleted per transaction; a transaction of this size takes tens of milliseconds. */
const BATCH = 500;
/** The pause after a step, as a multiple of the step's duration. It leaves most of the time to running jobs. */
const REST = 2;
/**
 * How many deleted jobs are remembered by id, at about 130 bytes each, and for how long. While a job is remembered, a
 * repeated submission does not run it again.
 */
const REMEMBERED = 500_000;
const REMEMBERED_HOURS = 30 * 24;

export interface RetentionHours {
  /** For completed and cancelled jobs with their history and attempts, and for handled dead letters. */
  readonly jobs: number;
  /** For failed and rejected jobs with their dead letters. */
  readonly failed: number;
}

export interface RetentionOptions {
  readonly store: PruneStore;
  readonly hours: RetentionHours;
  readonly log: Log;
  readonly duty: Duty;
  readonly now?: () => number;
}

/** Refuses settings that would keep failed jobs for a shorter time than completed ones. */
export function checkRetention({ jobs, failed }: RetentionHours): void {
  if (failed >= jobs) return;
  throw new ConfigError(
    `FAILED_JOB_RETENTION_HOURS is ${failed}: expected at least JOB_RETENTION_HOURS, which is ${jobs}, because failed jobs are kept for people to inspect`,
  );
}

/**
 * Prunes jobs and dead letters past their retention every minute, until `signal` aborts. Any number of processors may
 * do this at the same time, because the store lets only one of them delete a batch of jobs at a time. A killed processor
 * never leaves a batch half deleted.
 */
export async function keepRetention(options: RetentionOptions, signal: AbortSignal): Promise<void> {
  const { log, duty } = options;
  duty.begin();
  while (!signal.aborted) {
    try {
      await sweep(options, signal);
      duty.done();
    } catch (error) {
      duty.failed(messageOf(error));
      log.warn("Cannot prune old jobs now", { reason: messageOf(error) });
    }
    await pause(RETENTION_EVERY_MS, signal);
  }
}

interface Rule {
  readonly rule: string;
  readonly statuses: readonly JobStatus[];
  readonly hours: number;
}

/** Prunes everything past its retention in one pass. */
export async function sweep(options: RetentionOptions, signal: AbortSignal): Promise<void> {
  const { store, hours, log, now = Date.now } = options;
  const rules: readonly Rule[] = [
    { rule: "jobs", statuses: ["COMPLETED", "CANCELLED"], hours: hours.jobs },
    { rule: "failed-jobs", statuses: ["FAILED", "REJECTED"], hours: hours.failed },
  ];
  const ago = (count: number) => new Date(now() - count * HOUR_MS);
  for (const { rule, statuses, hours: kept } of rules) {
    const before = ago(kept);
    const sealedUntil = await store.sealedUntil();
    // A job may be deleted only once the ledger has checked and stored its counts (sealed it). Reading the unsealed
    // jobs in every sweep would cost as much as pruning them, so the sweep stops where the sealed time ends.
    const until = sealedUntil && sealedUntil < before ? sealedUntil : sealedUntil && before;
    let pruned = 0;
    if (until) for (const status of statuses) pruned += await pruneAll(options, status, until, signal);
    const waiting =
      until !== before && (await anyDue(store, statuses, before)) ? waitingFor(sealedUntil) : null;
    await store.note(rule, kept, pruned, waiting);
    if (pruned > 0) log.info("Pruned jobs past their retention", { rule, count: pruned, hours: kept });
  }
  const letters = await repeated(options, BATCH, signal, () =>
    store.pruneLetters(ago(hours.jobs), ago(hours.failed), BATCH),
  );
  await store.note("dead-letters", hours.jobs, letters, null);
  await repeated(options, 10 * BATCH, signal, () =>
    store.forgetPruned(ago(REMEMBERED_HOURS), REMEMBERED, 10 * BATCH),
  );
}

const waitingFor = (sealedUntil: Date | null) =>
  sealedUntil
    ? `The ledger has sealed up to ${sealedUntil.toISOString()}; jobs that ended later wait until they are sealed`
    : "The ledger has sealed nothing yet";

async function anyDue(
  store: RetentionOptions["store"],
  statuses: readonly JobStatus[],
  before: Date,
): Promise<boolean> {
  const dues = await Promise.all(statuses.map((status) => store.due(status, before, undefined, 1)));
  return dues.some(({ ids }) => ids.length > 0);
}

async function pruneAll(
  { store, duty }: RetentionOptions,
  status: JobStatus,
  before: Date,
  signal: AbortSignal,
): Promise<number> {
  let after: Place | undefined;
  for (let pruned = 0; ; ) {
    const startedAt = performance.now();
    const { ids, last } = await store.due(status, before, after, BATCH);
    pruned += await store.prune(ids, "retention");
    duty.done();
    if (ids.length < BATCH || signal.aborted) return pruned;
    after = last;
    await pause(REST * (performance.now() - startedAt), signal);
  }
}

/** Repeats a step until it handles fewer rows than a full batch. Returns the total. */
async function repeated(
  { duty }: RetentionOptions,
  batch: number,
  signal: AbortSignal,
  step: () => Promise<number>,
): Promise<number> {
  for (let total = 0; ; ) {
    const count = await step();
    duty.done();
    total += count;
    if (count < batch || signal.aborted) return total;
  }
}
