import { pause } from "../../shared/async.ts";
import type { Duty } from "../../shared/duty.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { Tracing } from "../../shared/tracing.ts";
import type { AttemptStore } from "./attempt-store.ts";
import type { Historian } from "./history.ts";
import { createLeaseJudge } from "./lease-judge.ts";
import type { Outbox } from "./outbox.ts";
import type { Runner } from "./runner.ts";
import { createTakeOver, namedIds } from "./take-over.ts";
import type { ProcessorWorker } from "./worker.ts";
import type { WorkerStore } from "./worker-store.ts";

const SOON_MS = 10;

export interface LeaseKeeperOptions {
  readonly worker: Pick<ProcessorWorker, "id" | "register" | "heartbeat">;
  readonly store: Pick<WorkerStore, "held" | "markLost">;
  readonly attempts: AttemptStore;
  readonly runner: Pick<Runner, "interrupt" | "interruptAll" | "running">;
  readonly history: Historian;
  readonly outbox: Outbox;
  readonly tracing: Tracing;
  readonly log: Log;
  /** How many milliseconds after its last heartbeat a worker is presumed dead. */
  readonly leaseMs: number;
  readonly duty: Duty;
  /** Called when jobs may have become due, or when this worker may claim jobs again. */
  readonly onDue: () => void;
}

/**
 * Creates the loop that renews this worker's lease three times per lease period, and takes over the jobs of workers
 * whose lease has expired. A worker that finds itself presumed dead drops its jobs and continues under a new id. The
 * loop runs until its signal aborts.
 */
export function createLeaseKeeper(options: LeaseKeeperOptions): (signal: AbortSignal) => Promise<void> {
  const { worker, store, attempts, runner, log, leaseMs, duty, onDue } = options;
  const beatMs = Math.max(50, Math.floor(leaseMs / 3));
  const { endAsLost, takeOver } = createTakeOver(options);
  const judge = createLeaseJudge(leaseMs);
  let suspects: ReadonlySet<string> = new Set();

  async function beat(): Promise<void> {
    if (await worker.heartbeat()) {
      const held = await store.held(worker.id());
      runner.interrupt(
        held.filter((job) => job.cancelRequested).map((job) => job.id),
        "cancelled",
      );
      await returnOrphans(held.map((job) => job.id));
      return;
    }
    log.warn("This worker was presumed dead and abandons its jobs", { workerId: worker.id() });
    runner.interruptAll("superseded");
    await worker.register();
    onDue();
  }

  /**
   * Requeues jobs that this worker holds in the store but is not running: their claim was committed, but its reply was
   * lost with the connection. Because a reply may also still be in flight, a job is requeued only after two consecutive
   * heartbeats have found it. If this worker runs the job after all, the store refuses the attempt's outcome.
   */
  async function returnOrphans(held: readonly string[]): Promise<void> {
    const unknown = held.filter((id) => !runner.running.has(id));
    const orphans = unknown.filter((id) => suspects.has(id));
    suspects = new Set(unknown);
    if (orphans.length === 0) return;
    const workerId = worker.id();
    const jobs = await attempts.heldBy(workerId, orphans);
    const ended = await endAsLost(
      jobs,
      { code: "CLAIM_LOST", message: "The claim's reply was lost before the attempt began" },
      false,
    );
    log.warn("Returned jobs whose claim was lost", {
      workerId,
      count: ended.length,
      jobIds: namedIds(ended),
    });
    onDue();
  }

  return async (signal) => {
    let beatAt = 0;
    duty.begin();
    while (!signal.aborted) {
      let waitMs = beatMs;
      try {
        if (performance.now() >= beatAt) {
          await beat();
          judge.beaten();
          beatAt = performance.now() + beatMs;
        }
        // The next check is due when the next lease expires, because waiting for a heartbeat would delay the takeover.
        if (judge.mayJudge()) waitMs = Math.min(beatMs, (await takeOver()) + SOON_MS);
        waitMs = Math.min(waitMs, Math.max(0, beatAt - performance.now()));
        duty.done();
      } catch (error) {
        duty.failed(messageOf(error));
        log.warn("Cannot renew the lease or take over jobs now", { reason: messageOf(error) });
      }
      await pause(Math.max(SOON_MS, waitMs), signal);
    }
  };
}
