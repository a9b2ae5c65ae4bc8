import { pause } from "../../shared/async.ts";
import type { Duty } from "../../shared/duty.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { ClaimStore } from "./claim-store.ts";
import type { ClaimedJob } from "./job.ts";
import type { Outbox } from "./outbox.ts";
import type { PiggybackClaim } from "./record-ends.ts";
import type { Slots } from "./slots.ts";
import type { TypeSlots } from "./type-slots.ts";

const MAX_CLAIM = 200;
/** Fallback poll interval: finds due jobs whose notification was missed. */
const POLL_MS = 1_000;
const MAX_TIMERS = 1_000;
const MAX_TIMER_MS = 60_000;

export interface ClaimerOptions {
  readonly store: ClaimStore;
  readonly slots: Slots;
  readonly typeSlots: TypeSlots;
  readonly outbox: Outbox;
  readonly log: Log;
  readonly workerId: () => string;
  readonly now: () => Date;
  readonly stopping: AbortSignal;
  readonly duty: Duty;
}

export interface Claimer {
  /** Sets the function that runs claimed jobs. Call it once, before anything else. */
  onClaimed(run: (job: ClaimedJob) => void): void;
  /** Searches for due jobs if slots are free. Call it when a job may have become due. */
  poke(): void;
  /** Schedules a search for due jobs at this time. */
  dueAt(time: Date): void;
  /**
   * Searches for due jobs if the last search may have left some waiting. Call it when a job's slot becomes free;
   * `retryAt` is when that job's next attempt is due, or null.
   */
  slotFreed(retryAt: Date | null): void;
  /**
   * Whether the last search claimed every due job. Only then may a new job start immediately; otherwise it would
   * overtake the due jobs that are waiting.
   */
  readonly caughtUp: boolean;
  /**
   * Returns a claim to add to the statement that records finished attempts; the claimed jobs take over the slots of
   * those attempts. Returns undefined when no jobs are known to wait, another claim is in progress, or this processor
   * is stopping.
   */
  piggyback(): PiggybackClaim | undefined;
  /** Polls for due jobs until the service stops, then waits for the search in progress. */
  run(): Promise<void>;
}

/** Fills free slots with due jobs, by priority and then by due time, one claim at a time. */
export function createClaimer({
  store,
  slots,
  typeSlots,
  outbox,
  log,
  workerId,
  now,
  stopping,
  duty,
}: ClaimerOptions): Claimer {
  let start = (job: ClaimedJob): void => {
    throw new Error(`job ${job.id} was claimed before there was a runner`);
  };
  let caughtUp = false;
  let looking: Promise<void> | undefined;
  let promoting: Promise<void> | undefined;
  let piggybacking = false;
  let pokes = 0;
  const timers = new Set<Timer>();

  async function look(): Promise<void> {
    // The attempts of a batch free their slots one after the other, all within one turn of the event loop. Wait for it,
    // so that one claim can fill all these slots.
    await new Promise(setImmediate);
    while (slots.free > 0 && !caughtUp && !stopping.aborted) {
      const seen = pokes;
      const reserved = slots.reserve(MAX_CLAIM);
      const taken = typeSlots.takeAll();
      let jobs: readonly ClaimedJob[] = [];
      try {
        const claimed = await store.claim(workerId(), reserved, taken);
        jobs = claimed.jobs;
        outbox.relay(claimed.message);
        duty.done();
      } catch (error) {
        duty.failed(messageOf(error));
        log.warn("Cannot claim jobs now", { reason: messageOf(error) });
        return;
      } finally {
        slots.release(reserved - jobs.length);
        typeSlots.releaseUnused(
          taken,
          jobs.map((job) => job.type),
        );
      }
      // If the claim took fewer jobs because a type reached its limit, due jobs may remain.
      const cutShort = jobs.length < reserved && jobs.some(({ type }) => type in taken);
      caughtUp = jobs.length < reserved && seen === pokes && !cutShort;
      for (const job of jobs) start(job);
    }
  }

  /** Marks jobs as due even when this processor has no free slot, because other processors may claim them. */
  async function promote(): Promise<void> {
    for (let more = true; more && !stopping.aborted; ) {
      const wave = await store.promote();
      more = wave.more;
      if (wave.promoted > 0) claimer.poke();
    }
  }

  function timePassed(): void {
    promoting ??= promote()
      .catch((error: unknown) => {
        duty.failed(messageOf(error));
        log.warn("Cannot mark jobs as due now", { reason: messageOf(error) });
      })
      .finally(() => {
        promoting = undefined;
      });
  }

  function lookSoon(): void {
    if (looking || piggybacking || stopping.aborted || slots.free === 0) return;
    looking = look().finally(() => {
      looking = undefined;
    });
  }

  const claimer: Claimer = {
    onClaimed(run) {
      start = run;
    },
    poke() {
      pokes++;
      caughtUp = false;
      lookSoon();
    },
    dueAt(time) {
      const delay = time.getTime() - now().getTime();
      // Jobs without a timer are found by polling.
      if (delay > MAX_TIMER_MS || timers.size >= MAX_TIMERS) return;
      const timer = setTimeout(
        () => {
          timers.delete(timer);
          timePassed();
        },
        Math.max(0, delay),
      );
      timers.add(timer);
    },
    slotFreed(retryAt) {
      if (retryAt) claimer.dueAt(retryAt);
      if (!caughtUp) lookSoon();
    },
    piggyback() {
      if (caughtUp || looking || piggybacking || stopping.aborted) return undefined;
      piggybacking = true;
      const taken = typeSlots.takeAll();
      return {
        workerId: workerId(),
        typeSlots: JSON.stringify(taken),
        done(jobs) {
          piggybacking = false;
          typeSlots.releaseUnused(
            taken,
            jobs.map((job) => job.type),
          );
          for (const job of jobs) start(job);
          if (!caughtUp) lookSoon();
        },
      };
    },
    get caughtUp() {
      return caughtUp;
    },
    async run() {
      duty.begin();
      while (!stopping.aborted) {
        // A processor whose slots are all taken has no reason to claim, so it is not stuck.
        if (slots.free === 0 && !looking) duty.done();
        timePassed();
        claimer.poke();
        await pause(POLL_MS, stopping);
      }
      for (const timer of timers) clearTimeout(timer);
      await Promise.all([looking, promoting]);
    },
  };
  return claimer;
}
