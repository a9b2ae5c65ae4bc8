import type { Ledger } from "../../contracts/api-queries.ts";
import type { JobStatus } from "../../contracts/job.ts";

const MAX_NAMED = 100;
/** Beyond so many, an id that is accused twice counts twice: the verdict is the same, and memory stays bounded. */
const MAX_REMEMBERED = 10_000;

type Accusation = "lost" | "unobserved" | "duplicated";
type Fate = JobStatus | "deadLettered";

/** The running sums of one ledger. Pure: what is found is told to it, in any order. */
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

    close(watermark: Date, from: Date): Ledger {
      const count = (fate: Fate) => fates.get(fate) ?? 0;
      const ended = count("COMPLETED") + count("FAILED") + count("CANCELLED") + count("REJECTED");
      const deadLettered = count("deadLettered");
      const found = [...fates.values()].reduce((sum, n) => sum + n, 0);
      const { lost, unobserved, duplicated } = accused;
      return {
        watermark: watermark.toISOString(),
        from: from.toISOString(),
        accepted,
        completed: count("COMPLETED"),
        failed: count("FAILED"),
        cancelled: count("CANCELLED"),
        rejected: count("REJECTED"),
        inFlight: found - ended - deadLettered,
        deadLettered,
        lost: lost.show(),
        unobserved: unobserved.show(),
        duplicated: duplicated.show(),
        balanced:
          found === accepted && [lost, unobserved, duplicated].every((list) => list.show().count === 0),
        settled: found === ended + deadLettered,
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
