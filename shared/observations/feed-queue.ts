import type { FeedEntry } from "./port.ts";

/**
 * How many entries a slow follower may be behind. Beyond this, the oldest entries are dropped, and the next entry that
 * the follower reads says how many deltas the dropped entries contained.
 */
const MAX_WAITING = 500;

export interface FeedQueue {
  push(entry: FeedEntry): void;
  /** Resolves to the next entry, or to undefined once the queue has ended. */
  next(): Promise<FeedEntry | undefined>;
  end(): void;
}

/** Creates one follower's bounded queue, which ends immediately when `signal` aborts. */
export function createFeedQueue(signal: AbortSignal): FeedQueue {
  let waiting: FeedEntry[] = [];
  let dropped = 0;
  let ended = signal.aborted;
  let wake: (() => void) | undefined;

  function end(): void {
    ended = true;
    waiting = [];
    signal.removeEventListener("abort", end);
    wake?.();
  }
  signal.addEventListener("abort", end, { once: true });

  return {
    push(entry) {
      if (ended) return;
      waiting.push(entry);
      if (waiting.length > MAX_WAITING) {
        const oldest = waiting.shift()!;
        dropped += oldest.deltas.length + oldest.dropped;
      }
      wake?.();
    },
    async next() {
      while (!ended && waiting.length === 0)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      wake = undefined;
      const entry = waiting.shift();
      if (!entry || dropped === 0) return entry;
      const withGap = { ...entry, dropped: entry.dropped + dropped };
      dropped = 0;
      return withGap;
    },
    end,
  };
}

/** Whether one stream id is later than another. */
export function isAfter(id: string, other: string): boolean {
  const [ms, sequence] = id.split("-").map(BigInt) as [bigint, bigint];
  const [otherMs, otherSequence] = other.split("-").map(BigInt) as [bigint, bigint];
  return ms > otherMs || (ms === otherMs && sequence > otherSequence);
}
