import { createIdler, untilItSucceeds } from "../../shared/async.ts";
import { createBatcher } from "../../shared/batcher.ts";
import { messageOf } from "../../shared/errors.ts";
import type { JobType } from "../../shared/job-types/define.ts";
import type { Log } from "../../shared/log.ts";
import { traceIdFor } from "../../shared/traceparent.ts";
import type { Tracing } from "../../shared/tracing.ts";
import { attemptSpan } from "./attempt-span.ts";
import type { AttemptStore, EndEntry } from "./attempt-store.ts";
import type { Claimer } from "./claim.ts";
import type { Historian } from "./history.ts";
import type { ClaimedJob, EndedAttempt } from "./job.ts";
import type { RunCounters } from "./metrics.ts";
import type { Outbox } from "./outbox.ts";
import { createEndRecorder, type Recorded } from "./record-ends.ts";
import { Interruption, type RunPorts, runJob } from "./run-job.ts";
import type { Slots } from "./slots.ts";
import type { TypeSlots } from "./type-slots.ts";

const PROGRESS_EVERY_MS = 500;

export interface RunnerOptions {
  readonly jobTypes: ReadonlyMap<string, JobType>;
  readonly store: AttemptStore;
  readonly history: Historian;
  readonly outbox: Outbox;
  readonly slots: Slots;
  readonly typeSlots: Pick<TypeSlots, "release">;
  readonly tracing: Tracing;
  readonly log: Log;
  readonly counters: RunCounters;
  readonly ports: Omit<RunPorts, "onProgress">;
  /** Aborts when the runner must stop retrying to record outcomes. */
  readonly abort: AbortSignal;
  readonly claimer: Pick<Claimer, "slotFreed" | "piggyback" | "poke">;
}

export interface Runner {
  /**
   * Runs a claimed job in a reserved slot. Once its outcome is recorded, the slot is freed or passed to the next job.
   */
  start(job: ClaimedJob): void;
  /** Stops running jobs. Ignores ids of jobs that are not running here. */
  interrupt(jobIds: readonly string[], kind: "cancelled" | "superseded"): void;
  interruptAll(kind: "stopping" | "superseded"): void;
  readonly running: ReadonlyMap<string, ClaimedJob>;
  /** The number of finished attempts whose outcome is not recorded yet, and how long the oldest of them has waited. */
  readonly unrecorded: { readonly count: number; readonly oldestMs: number };
  /** Returns why an outcome has waited longer than `limitMs` to be recorded; undefined if none has. */
  whyStuck(limitMs: number): string | undefined;
  /** Resolves when no job is running and every outcome is recorded. */
  idle(): Promise<void>;
}

/** Runs claimed jobs and records their outcomes in small batches. Outcomes wait while the store is unavailable. */
export function createRunner({
  jobTypes,
  store,
  history,
  outbox,
  slots,
  typeSlots,
  tracing,
  log,
  counters,
  ports,
  abort,
  claimer,
}: RunnerOptions): Runner {
  const running = new Map<string, ClaimedJob>();
  const interrupts = new Map<string, AbortController>();
  const progress = new Map<string, { job: ClaimedJob; progress: string }>();
  let progressTimer: Timer | undefined;
  const idler = createIdler(() => running.size === 0);

  const unrecorded = new Map<EndedAttempt, number>();
  let lastFailure: string | undefined;

  // The number of slots that passed directly to new jobs: the statement that records outcomes also claims jobs for the
  // slots of the finished attempts.
  let handedOver = 0;
  const recordEnds = createEndRecorder({
    store,
    history,
    outbox,
    log,
    piggyback() {
      const claim = claimer.piggyback();
      if (!claim) return undefined;
      return {
        ...claim,
        done(jobs) {
          handedOver += jobs.length;
          claim.done(jobs);
        },
      };
    },
    attempt: (statement) =>
      untilItSucceeds(statement, {
        signal: abort,
        capMs: 1_000,
        onError: (error) => {
          lastFailure = messageOf(error);
          log.warn("Cannot record the outcomes of attempts yet", {
            count: unrecorded.size,
            reason: lastFailure,
          });
        },
      }),
  });
  const ends = createBatcher<EndedAttempt, Recorded>({
    run: recordEnds,
    maxBatch: 200,
    maxInFlight: 1,
    // No limit is needed, because every unrecorded outcome occupies one of the slots.
    maxItems: Number.POSITIVE_INFINITY,
  });

  function backlog() {
    const [oldest] = unrecorded.values();
    return { count: unrecorded.size, oldestMs: oldest === undefined ? 0 : performance.now() - oldest };
  }

  async function record(ended: EndedAttempt): Promise<Recorded> {
    unrecorded.set(ended, performance.now());
    try {
      return await ends.add(ended);
    } finally {
      unrecorded.delete(ended);
      if (unrecorded.size === 0) lastFailure = undefined;
    }
  }

  async function run(job: ClaimedJob, interrupt: AbortController): Promise<void> {
    let retryAt: Date | null = null;
    const traceId = traceIdFor(job.id, job.traceparent);
    const span = attemptSpan(tracing, job);
    // The attempt's events and children continue the trace from its span.
    const traced = span ? { ...job, traceparent: span.traceparent } : job;
    try {
      const ended = await runJob(traced, jobTypes.get(job.type), interrupt.signal, {
        ...ports,
        onProgress: (held, text) => {
          progress.set(held.id, { job: held, progress: text });
          if (!progressTimer) progressTimer = setTimeout(saveProgress, PROGRESS_EVERY_MS);
        },
      });
      span?.end(ended);
      // The handler has finished. Until the outcome is recorded, the attempt still takes up one of this processor's
      // slots, but it no longer counts towards the limit of its job type.
      if (typeSlots.release(job.type)) claimer.poke();
      const recording = tracing.span("record end", "client", span?.traceparent);
      const recorded = await record(ended);
      recording?.end({ "job.status": typeof recorded === "string" ? recorded : recorded.conclusion.status });
      if (recorded === "superseded") {
        counters.refused();
        log.warn("A late outcome was refused: this worker no longer holds the job", {
          jobId: job.id,
          attempt: job.attempt,
          traceId,
        });
      } else if (recorded !== "refused") {
        counters.ended(recorded.ended.ending.outcome);
        retryAt = recorded.conclusion.runAt;
        logEnd(recorded, traceId);
      }
    } catch (error) {
      // Another processor takes over the job once the lease expires.
      const { id: jobId, attempt } = job;
      log.error("Could not record the outcome of an attempt", { jobId, attempt, traceId, error });
    } finally {
      if (running.get(job.id) === job) {
        running.delete(job.id);
        interrupts.delete(job.id);
      }
      progress.delete(job.id);
      if (handedOver > 0) handedOver--;
      else slots.release(1);
      claimer.slotFreed(retryAt);
      idler.settle();
    }
  }

  function logEnd({ ended: { job, ending, durationMs }, conclusion }: EndEntry, traceId: string): void {
    const { id: jobId, type, attempt, correlationId } = job;
    const facts = { jobId, type, attempt, status: conclusion.status, durationMs, correlationId, traceId };
    if (ending.outcome === "failed") {
      const { code, message: reason, stack, cause } = ending.error;
      log.warn("Job attempt failed", { ...facts, reason, error: { code, stack, cause } });
    } else log.info("Job attempt ended", facts);
  }

  async function saveProgress(): Promise<void> {
    progressTimer = undefined;
    const entries = [...progress.values()];
    progress.clear();
    if (entries.length === 0) return;
    try {
      await store.saveProgress(entries);
    } catch (error) {
      // Progress is only informative; the next report replaces it.
      log.debug("Cannot save progress now", { reason: messageOf(error) });
    }
  }

  return {
    start(job) {
      const interrupt = new AbortController();
      running.set(job.id, job);
      interrupts.set(job.id, interrupt);
      if (job.cancelRequested) interrupt.abort(new Interruption("cancelled"));
      void run(job, interrupt);
    },
    interrupt(jobIds, kind) {
      for (const id of jobIds) interrupts.get(id)?.abort(new Interruption(kind));
    },
    interruptAll(kind) {
      for (const interrupt of interrupts.values()) interrupt.abort(new Interruption(kind));
    },
    running,
    get unrecorded() {
      return backlog();
    },
    whyStuck(limitMs) {
      const { count, oldestMs } = backlog();
      if (oldestMs <= limitMs) return undefined;
      const seconds = Math.round(oldestMs / 1_000);
      return `${count} attempts have ended but are not recorded, the oldest for ${seconds} s: ${lastFailure ?? "the store does not answer"}`;
    },
    idle: idler.idle,
  };
}
