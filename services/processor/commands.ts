import type { ActionReply, ActionRequest, JobState, PauseReply } from "../../contracts/api-commands.ts";
import { type JobStatus, WAITING_STATUSES } from "../../contracts/job.ts";
import { statusWord } from "../../contracts/status-words.ts";
import { pause } from "../../shared/async.ts";
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
/** A job whose id is older than this has long been taken in, or never was accepted. */
const ON_ITS_WAY_MS = 60_000;
/** How long a cancel waits for a job that was accepted a moment ago to become a row. */
const INTAKE_MS = 2_000;
const INTAKE_POLL_MS = 20;
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
  async function cancelAll(jobs: readonly CommandJob[], commandId?: string): Promise<Set<string>> {
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
          commandId === undefined ? {} : { detail: { commandId } },
        ),
      }));
    const executing = jobs.filter((job) => job.status === "EXECUTING").map((job) => job.id);
    const done = await write(moves);
    if (executing.length > 0) for (const id of await store.requestCancel(executing)) done.add(id);
    return done;
  }

  /** Make those that may run again wait for a slot; gives their ids. */
  async function retryAll(jobs: readonly CommandJob[], commandId?: string): Promise<Set<string>> {
    const now = new Date();
    const moves = jobs
      .filter((job) => RETRYABLE.includes(job.status))
      .map((job) => ({
        job,
        step: history.move(job, "VALIDATED", "job.validated", { priority: job.priority }, now, {
          run: job.run + 1,
          detail: { retriedByPerson: true, ...(commandId && { commandId }) },
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
    what: "cancelled" | "retried",
    commandId: string,
    apply: (jobs: readonly CommandJob[], commandId: string) => Promise<Set<string>>,
  ): Promise<JobState> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const job = what === "cancelled" ? await getSoon(id) : (await store.get([id]))[0];
      if (!job) throw new AppError("JOB_NOT_FOUND", `No job has the id ${id}`);
      if (!allowed.includes(job.status)) {
        // Its first worker died after it had moved the job and before it could say so.
        if (await store.wasMovedBy(id, commandId)) return stateOf(job);
        throw new AppError(
          "JOB_STATE_CONFLICT",
          `Job ${id} is ${statusWord(job.status)}; only ${allowed.map(statusWord).join(", ")} jobs can be ${what}`,
          { facts: { status: job.status } },
        );
      }
      if (!(await apply([job], commandId)).has(id)) continue;
      const [now] = await store.get([id]);
      const traceId = traceIdFor(id, job.traceparent);
      log.info("Command done", { jobId: id, command: what, status: now?.status, traceId });
      return stateOf(now ?? job);
    }
    throw new AppError("JOB_STATE_CONFLICT", `Job ${id} changes faster than it can be ${what}; try again`);
  }

  /** A job, also when it was accepted a moment ago and intake has not made its row yet. */
  async function getSoon(id: string): Promise<CommandJob | undefined> {
    const patienceMs = mayBeOnItsWay(id, Date.now()) ? INTAKE_MS : 0;
    let [job] = await store.get([id]);
    for (let waited = 0; !job && waited < patienceMs; waited += INTAKE_POLL_MS) {
      await pause(INTAKE_POLL_MS);
      [job] = await store.get([id]);
    }
    return job;
  }

  async function stateOf(job: CommandJob): Promise<JobState> {
    const { id: jobId, type, status, cancelRequested, typeVersion } = job;
    const note = WAITING.includes(status) ? await noteOn(type, typeVersion ?? 0) : undefined;
    return { jobId, status, cancelRequested, ...(note && { note }) };
  }

  /** Says that no worker runs a type, and the ways out; undefined when one does. */
  async function noteOn(type: string, version = 0): Promise<string | undefined> {
    const { workers, waiting } = await store.standing(type, version);
    return workers > 0 ? undefined : noWorkerNote(type, waiting);
  }

  return {
    cancel: (id: string, commandId: string) => one(id, CANCELLABLE, "cancelled", commandId, cancelAll),
    retry: (id: string, commandId: string) => one(id, RETRYABLE, "retried", commandId, retryAll),

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
      const { workers, waiting, seen } = await store.standing(type, 0);
      // A type that is gone may have left jobs behind, and a newer processor may know one that this one does not.
      if (workers === 0 && !seen) jobTypeNamed(type);
      const changed = await store.setPaused(type, paused);
      if (!paused) onDue();
      log.info(paused ? "Paused a job type" : "Resumed a job type", { type, changed });
      return { type, paused, changed, ...(workers === 0 && { note: noWorkerNote(type, waiting) }) };
    },
  };
}

/** Whether the job of an id may have been accepted a moment ago: an id that tells its age is young. */
export function mayBeOnItsWay(id: string, now: number): boolean {
  // UUIDv7 begins with milliseconds (RFC 9562, section 5.7); UUIDv5 follows from a key and tells nothing.
  if (id[14] !== "7") return id[14] === "5";
  return Math.abs(now - Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)) < ON_ITS_WAY_MS;
}

function noWorkerNote(type: string, waiting: number): string {
  const jobs = waiting === 1 ? "1 job waits" : `${waiting} jobs wait`;
  return (
    `No worker runs ${type}, so nothing of it starts; ${jobs}. Start a processor that has the type, ` +
    `or cancel the jobs with POST /jobs/actions and the filter type:${type}`
  );
}

export type Commands = ReturnType<typeof createCommands>;
