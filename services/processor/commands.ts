import type { JobState, PauseReply } from "../../contracts/api-commands.ts";
import { type JobStatus, WAITING_STATUSES } from "../../contracts/job.ts";
import { statusWord } from "../../contracts/status-words.ts";
import { pause } from "../../shared/async.ts";
import { jobTypeNamed } from "../../shared/checked-payload.ts";
import { AppError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import { prunedProblem } from "../../shared/pruned-problem.ts";
import { traceIdFor } from "../../shared/traceparent.ts";
import { CANCELLABLE, cancelMoves, RETRYABLE, retryMoves } from "./command-moves.ts";
import type { CommandJob, CommandMove, CommandStore } from "./command-store.ts";
import type { Historian } from "./history.ts";
import type { Outbox } from "./outbox.ts";
import type { PruneStore } from "./prune-store.ts";

/** A command gives up after the job has changed this many times between the command's read and its write. */
const MAX_ROUNDS = 5;

const WAITING: readonly JobStatus[] = WAITING_STATUSES;
/** If the time in a job id is longer ago than this, the job either has a row or was never accepted. */
const ON_ITS_WAY_MS = 60_000;
/** How long a cancellation waits for the row of a job that was just accepted. */
const INTAKE_MS = 2_000;
const INTAKE_POLL_MS = 20;

export interface CommandsOptions {
  readonly store: CommandStore;
  /** Returns when and why a job was deleted; undefined if the store has no record of the deletion. */
  readonly pruned: PruneStore["pruned"];
  readonly history: Historian;
  readonly outbox: Outbox;
  readonly log: Log;
  /** Called when a command has made jobs due. */
  readonly onDue: () => void;
}

/** Creates the commands on existing jobs and job types. Any processor can run them: all their state is in the store. */
export function createCommands({ store, pruned, history, outbox, log, onDue }: CommandsOptions) {
  async function write(moves: readonly CommandMove[]): Promise<Set<string>> {
    if (moves.length === 0) return new Set();
    const { done, message } = await store.move(moves);
    outbox.relay(message);
    return done;
  }

  /**
   * Cancels a waiting job, or requests cancellation of a running one. Returns false if the job has changed since it was
   * read.
   */
  async function cancelOne(job: CommandJob, commandId: string): Promise<boolean> {
    if (job.status === "EXECUTING") return (await store.requestCancel([job.id])).has(job.id);
    return (await write(cancelMoves(history, [job], commandId))).has(job.id);
  }

  /** Queues a job for a new run. Returns false if the job has changed since it was read. */
  async function retryOne(job: CommandJob, commandId: string): Promise<boolean> {
    const done = await write(retryMoves(history, [job], commandId));
    if (done.size > 0) onDue();
    return done.has(job.id);
  }

  /** Reads a job and applies a command to it. Repeats both if the job changed in between. */
  async function applyTo(
    id: string,
    allowed: readonly JobStatus[],
    outcome: "cancelled" | "retried",
    commandId: string,
    command: (job: CommandJob, commandId: string) => Promise<boolean>,
  ): Promise<JobState> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const job = outcome === "cancelled" ? await awaitRow(id) : (await store.get([id]))[0];
      if (!job) throw await missingError(id);
      // A processor that died while it ran this same command may already have applied it, and its last statement may
      // still be running.
      if (await store.wasMovedBy(id, commandId)) return stateOf(job);
      if (!allowed.includes(job.status)) {
        throw new AppError(
          "JOB_STATE_CONFLICT",
          `Job ${id} is ${statusWord(job.status)}; only ${allowed.map(statusWord).join(", ")} jobs can be ${outcome}`,
          { facts: { status: job.status } },
        );
      }
      if (!(await command(job, commandId))) continue;
      const [now] = await store.get([id]);
      const traceId = traceIdFor(id, job.traceparent);
      log.info("Command done", { jobId: id, command: outcome, status: now?.status, traceId });
      return stateOf(now ?? job);
    }
    throw new AppError("JOB_STATE_CONFLICT", `Job ${id} kept changing and was not ${outcome}; try again`);
  }

  async function missingError(id: string): Promise<AppError> {
    const deleted = await pruned(id);
    return deleted ? prunedProblem(id, deleted) : new AppError("JOB_NOT_FOUND", `No job has the id ${id}`);
  }

  /** Returns a job. Waits for its row if the job may have been accepted just now. */
  async function awaitRow(id: string): Promise<CommandJob | undefined> {
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

  /** Returns a note that no worker runs a type, with the remedies; undefined if a worker runs it. */
  async function noteOn(type: string, version = 0): Promise<string | undefined> {
    const { workers, waiting } = await store.typeStatus(type, version);
    return workers > 0 ? undefined : noWorkerNote(type, waiting);
  }

  return {
    cancel: (id: string, commandId: string) => applyTo(id, CANCELLABLE, "cancelled", commandId, cancelOne),
    retry: (id: string, commandId: string) => applyTo(id, RETRYABLE, "retried", commandId, retryOne),

    async setPaused(type: string, paused: boolean): Promise<PauseReply> {
      // The store cannot hold U+0000. No known type contains it, so this call always throws.
      if (type.includes("\u0000")) jobTypeNamed(type);
      const { workers, waiting, seen } = await store.typeStatus(type, 0);
      // A removed type may still have jobs, and a newer processor may know a type that this one does not.
      if (workers === 0 && !seen) jobTypeNamed(type);
      const changed = await store.setPaused(type, paused);
      if (!paused) onDue();
      log.info(paused ? "Paused a job type" : "Resumed a job type", { type, changed });
      return { type, paused, changed, ...(workers === 0 && { note: noWorkerNote(type, waiting) }) };
    },
  };
}

/** Returns whether a job may have been accepted just now, judging by its id; true if the id contains no time. */
export function mayBeOnItsWay(id: string, now: number): boolean {
  // A UUIDv7 begins with milliseconds (RFC 9562, section 5.7). A UUIDv5 is derived from a key and contains no time.
  if (id[14] !== "7") return id[14] === "5";
  return Math.abs(now - Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)) < ON_ITS_WAY_MS;
}

function noWorkerNote(type: string, waiting: number): string {
  const jobs = waiting === 1 ? "1 job waits" : `${waiting} jobs wait`;
  return (
    `No worker runs ${type}, so none of its jobs start; ${jobs}. Start a processor that runs the type, ` +
    `or cancel the jobs with POST /jobs/actions and the filter type:${type}`
  );
}

export type Commands = ReturnType<typeof createCommands>;
