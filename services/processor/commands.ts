import type { ActionReply, ActionRequest, JobState, PauseReply } from "../../contracts/api-commands.ts";
import { type JobStatus, WAITING_STATUSES } from "../../contracts/job.ts";
import { AppError } from "../../shared/errors.ts";
import { jobTypeNamed } from "../../shared/job-request.ts";
import type { Log } from "../../shared/log.ts";
import { readFilter } from "../../shared/read-filter.ts";
import { traceIdFor } from "../../shared/traceparent.ts";
import type { CommandJob, CommandMove, CommandStore } from "./command-store.ts";
import type { Historian } from "./history.ts";
import type { Outbox } from "./outbox.ts";

const CHUNK = 500;
/** A job may move between reading and writing it; so often in a row is no race any more. */
const MAX_ROUNDS = 5;

const WAITING: readonly JobStatus[] = WAITING_STATUSES;
const CANCELLABLE: readonly JobStatus[] = [...WAITING_STATUSES, "EXECUTING"];
const RETRYABLE: readonly JobStatus[] = ["FAILED", "CANCELLED"];

export interface CommandsOptions {
  readonly store: CommandStore;
  readonly history: Historian;
  readonly outbox: Outbox;
  readonly log: Log;
  /** Told when jobs became due by a command. */
  readonly onDue: () => void;
}

/** What people ask of existing jobs. Any processor can serve it: the truth is the store. */
export function createCommands({ store, history, outbox, log, onDue }: CommandsOptions) {
  async function write(moves: readonly CommandMove[]): Promise<Set<string>> {
    if (moves.length === 0) return new Set();
    const { done, message } = await store.move(moves);
    outbox.relay(message);
    return done;
  }

  /** Cancel those that can be; gives the ids that were cancelled or are being told to stop. */
  async function cancelAll(jobs: readonly CommandJob[]): Promise<Set<string>> {
    const now = new Date();
    const moves = jobs
      .filter((job) => WAITING.includes(job.status))
      .map((job) => ({
        job,
        step: history.move(
          job,
          "CANCELLED",
          "job.cancelled",
          { totalMs: Math.max(0, now.getTime() - job.createdAt.getTime()) },
          now,
        ),
      }));
    const executing = jobs.filter((job) => job.status === "EXECUTING").map((job) => job.id);
    const done = await write(moves);
    if (executing.length > 0) for (const id of await store.requestCancel(executing)) done.add(id);
    return done;
  }

  /** Make those that may run again wait for a slot; gives their ids. */
  async function retryAll(jobs: readonly CommandJob[]): Promise<Set<string>> {
    const now = new Date();
    const moves = jobs
      .filter((job) => RETRYABLE.includes(job.status))
      .map((job) => ({
        job,
        step: history.move(job, "VALIDATED", "job.validated", { priority: job.priority }, now, {
          run: job.run + 1,
          detail: { retriedByPerson: true },
        }),
      }));
    const done = await write(moves);
    if (done.size > 0) onDue();
    return done;
  }

  /** Apply a command to one job, again when the job moved meanwhile. */
  async function one(
    id: string,
    allowed: readonly JobStatus[],
    what: string,
    apply: (jobs: readonly CommandJob[]) => Promise<Set<string>>,
  ): Promise<JobState> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const [job] = await store.get([id]);
      if (!job) throw new AppError("JOB_NOT_FOUND", `No job has the id ${id}`);
      if (!allowed.includes(job.status))
        throw new AppError(
          "JOB_STATE_CONFLICT",
          `Job ${id} is ${job.status}; only ${allowed.join(", ")} can be ${what}`,
          { facts: { status: job.status } },
        );
      if (!(await apply([job])).has(id)) continue;
      const [now] = await store.get([id]);
      const traceId = traceIdFor(id, job.traceparent);
      log.info("Command done", { jobId: id, command: what, status: now?.status, traceId });
      return { jobId: id, status: now?.status ?? job.status, cancelRequested: now?.cancelRequested ?? false };
    }
    throw new AppError("JOB_STATE_CONFLICT", `Job ${id} changes faster than it can be ${what}; try again`);
  }

  return {
    cancel: (id: string) => one(id, CANCELLABLE, "cancelled", cancelAll),
    retry: (id: string) => one(id, RETRYABLE, "retried", retryAll),

    /** Retry or cancel all that match; only jobs whose status allows it count as matches. */
    async act({ action, filter: given, dryRun = false }: ActionRequest): Promise<ActionReply> {
      const filter = await readFilter(given, {
        language: "jobs",
        code: "VALIDATION_FAILED",
        now: new Date(),
        storedTypes: store.types,
      });
      const statuses = action === "cancel" ? CANCELLABLE : RETRYABLE;
      const matched = await store.count(filter, statuses);
      let changed = 0;
      for (let after: string | null = null; !dryRun; ) {
        const ids: string[] = await store.matching(filter, statuses, after, CHUNK);
        if (ids.length === 0) break;
        const jobs = await store.get(ids);
        changed += (await (action === "cancel" ? cancelAll(jobs) : retryAll(jobs))).size;
        after = ids.at(-1) ?? null;
      }
      log.info("Action done", { action, dryRun, matched, changed });
      return { action, dryRun, matched, changed };
    },

    async setPaused(type: string, paused: boolean): Promise<PauseReply> {
      jobTypeNamed(type);
      const changed = await store.setPaused(type, paused);
      if (!paused) onDue();
      log.info(paused ? "Paused a job type" : "Resumed a job type", { type, changed });
      return { type, paused, changed };
    },
  };
}
export type Commands = ReturnType<typeof createCommands>;
