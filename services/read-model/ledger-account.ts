import type { Ledger, Waiting } from "../../contracts/api-queries.ts";
import { type Judgment, VERDICTS, type Verdict } from "./ledger-judge.ts";
import type { SealedSums } from "./ledger-seals.ts";

const MAX_NAMED = 100;
/**
 * Limits how many accused job ids are kept in memory per verdict. Beyond this limit, a job that is reported twice is
 * counted twice. That hardly matters, because the ledger is unbalanced either way.
 */
const MAX_REMEMBERED = 10_000;

/** Everything in a ledger's report except the sums and the accused jobs (lost, unobserved or duplicated). */
export interface Closing {
  readonly watermark: Date;
  /** Where the watermark (the time up to which all jobs have been judged) would be if sealing were not behind. */
  readonly wanted: Date;
  /** The ledger judged jobs before this time without their events, which the event store had already deleted. */
  readonly from: Date | null;
  readonly now: Date;
  readonly settleMs: number;
  /** When the newest job, event or dead letter was created; 0 when there is none. */
  readonly newestAt: number;
  readonly waitingFor: readonly Waiting[];
  /** Unfinished jobs, whether created before or after the watermark. */
  readonly live: number;
  /** Dead letters that were neither replayed nor dropped. */
  readonly deadLetters: number;
  /** Jobs without a row whose dead letter was not dropped. */
  readonly onlyDeadLetters: readonly string[];
}

/**
 * Adds up one ledger, without I/O. Spans of time that were sealed (judged earlier, with their sums stored) and newly
 * judged spans may be added in any order.
 */
export function createAccount() {
  const sums = {
    accepted: 0,
    deadLettered: 0,
    completed: 0,
    failed: 0,
    cancelled: 0,
    rejected: 0,
    vanished: 0,
    pruned: 0,
    reopened: 0,
  };
  let sealedUntil: Date | null = null;
  const accused: Record<Verdict, Accused> = {
    lost: createAccused(),
    unobserved: createAccused(),
    duplicated: createAccused(),
  };

  return {
    addSealed(
      sealed: SealedSums,
      accusedIds: readonly { readonly verdict: Verdict; readonly jobId: string }[],
    ): void {
      for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += sealed[name];
      sealedUntil = sealed.until;
      for (const { verdict, jobId } of accusedIds) accused[verdict].add(jobId);
    },

    add({ accepted, deadLettered, net, accused: found }: Judgment): void {
      sums.accepted += accepted;
      sums.deadLettered += deadLettered;
      sums.completed += net.COMPLETED;
      sums.failed += net.FAILED;
      sums.cancelled += net.CANCELLED;
      sums.rejected += net.REJECTED;
      for (const verdict of VERDICTS) for (const id of found[verdict]) accused[verdict].add(id);
    },

    close(closing: Closing): Ledger {
      const { watermark, wanted, from, now, settleMs, newestAt, waitingFor, live } = closing;
      const { deadLetters, onlyDeadLetters } = closing;
      const { accepted, deadLettered, vanished, pruned, reopened } = sums;
      const named = accused.lost.show();
      const lost = { ...named, count: named.count + vanished };
      const unobserved = accused.unobserved.show();
      const duplicated = accused.duplicated.show();
      const open =
        accepted - deadLettered - sums.completed - sums.failed - sums.cancelled - sums.rejected - named.count;
      const behind: Waiting[] =
        watermark < wanted || reopened > 0
          ? [{ what: "ledger", since: reached(watermark), message: sealing(watermark, reopened) }]
          : [];
      return {
        watermark: watermark.toISOString(),
        settleMs,
        behindMs: Math.max(0, now.getTime() - watermark.getTime()),
        from: from?.toISOString() ?? null,
        sealedUntil: sealedUntil?.toISOString() ?? null,
        reopened,
        accepted,
        completed: sums.completed,
        failed: sums.failed,
        cancelled: sums.cancelled,
        rejected: sums.rejected,
        // `open` can be negative only when a job is accused.
        inFlight: Math.max(0, open),
        deadLettered,
        pruned,
        onlyDeadLetters: { count: onlyDeadLetters.length, ids: onlyDeadLetters.slice(0, MAX_NAMED) },
        lost,
        unobserved,
        duplicated,
        balanced: [lost, unobserved, duplicated].every(({ count }) => count === 0),
        // Jobs after the watermark have not been judged and may or may not have ended.
        settled: open <= 0 && live === 0 && reopened === 0 && newestAt < watermark.getTime(),
        deadLetters,
        waitingFor: [...behind, ...waitingFor],
      };
    },
  };
}
export type Account = ReturnType<typeof createAccount>;

function sealing(watermark: Date, reopened: number): string {
  if (reopened > 0) return `Sealed spans that changed and must be judged again: ${reopened}`;
  const upTo = reached(watermark);
  return upTo === null
    ? "The ledger itself, which has sealed nothing yet"
    : `The ledger itself, sealed up to ${upTo}`;
}

/** Returns the time that sealing has reached; null before the first seal, when the watermark is the epoch. */
function reached(watermark: Date): string | null {
  return watermark.getTime() === 0 ? null : watermark.toISOString();
}

function createAccused() {
  const remembered = new Set<string>();
  let count = 0;
  return {
    add(id: string) {
      if (remembered.has(id)) return;
      count++;
      if (remembered.size < MAX_REMEMBERED) remembered.add(id);
    },
    show: () => ({ count, ids: [...remembered].slice(0, MAX_NAMED) }),
  };
}
type Accused = ReturnType<typeof createAccused>;
