import type { Ledger, Waiting } from "../../contracts/api-queries.ts";
import type { JobStatus } from "../../contracts/job.ts";

const MAX_NAMED = 100;
/** Beyond so many, an id that is accused twice counts twice: the verdict is the same, and memory stays bounded. */
const MAX_REMEMBERED = 10_000;

/** What a ledger says beside its sums. */
export interface Closing {
  readonly watermark: Date;
  readonly from: Date;
  readonly now: Date;
  readonly settleMs: number;
  /** When the newest job, event or dead letter of either side came; 0 when there is none. */
  readonly newestAt: number;
  readonly waitingFor: readonly Waiting[];
  /** Jobs that have not ended, on either side of the watermark. */
  readonly live: number;
  /** Dead letters that wait for a person. */
  readonly deadLetters: number;
  /** Jobs without a row whose dead letter waits for a person. */
  readonly onlyDeadLetters: readonly string[];
}

type Accusation = "lost" | "unobserved" | "duplicated";
type Fate = JobStatus | "deadLettered";

/** The running sums of one ledger. Pure: findings are passed to it, in any order. */
export function createAccount() {
  const fates = new Map<Fate, number>();
  let accepted = 0;
  const accused: Record<Accusation, Accused> = {
    lost: createAccused(),
    unobserved: createAccused(),
    duplicated: createAccused(),
  };

  return {
    /** An accepted job that has a row or a dead letter. */
    accept(fate: Fate): void {
      accepted++;
      fates.set(fate, (fates.get(fate) ?? 0) + 1);
    },
    /** An accepted job that is nowhere in the job store. */
    acceptLost(jobId: string): void {
      accepted++;
      accused.lost.add(jobId);
    },
    accuse: (of: Accusation, jobId: string): void => accused[of].add(jobId),

    close(closing: Closing): Ledger {
      const { watermark, from, now, settleMs, newestAt, waitingFor, live } = closing;
      const { deadLetters, onlyDeadLetters } = closing;
      const count = (fate: Fate) => fates.get(fate) ?? 0;
      const ended = count("COMPLETED") + count("FAILED") + count("CANCELLED") + count("REJECTED");
      const deadLettered = count("deadLettered");
      const found = [...fates.values()].reduce((sum, n) => sum + n, 0);
      const { lost, unobserved, duplicated } = accused;
      return {
        watermark: watermark.toISOString(),
        settleMs,
        behindMs: Math.max(0, now.getTime() - watermark.getTime()),
        from: from.toISOString(),
        accepted,
        completed: count("COMPLETED"),
        failed: count("FAILED"),
        cancelled: count("CANCELLED"),
        rejected: count("REJECTED"),
        inFlight: found - ended - deadLettered,
        deadLettered,
        onlyDeadLetters: { count: onlyDeadLetters.length, ids: onlyDeadLetters.slice(0, MAX_NAMED) },
        lost: lost.show(),
        unobserved: unobserved.show(),
        duplicated: duplicated.show(),
        balanced:
          found === accepted && [lost, unobserved, duplicated].every((list) => list.show().count === 0),
        // What came after the watermark has not been judged, and may have ended or not.
        settled: found === ended + deadLettered && live === 0 && newestAt < watermark.getTime(),
        deadLetters,
        waitingFor: [...waitingFor],
      };
    },
  };
}
export type Account = ReturnType<typeof createAccount>;

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
