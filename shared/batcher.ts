import { createIdler } from "./async.ts";
import { AppError } from "./errors.ts";

export interface BatcherOptions<I, O> {
  /** Handles some items; returns one outcome for each, in the same order. */
  readonly run: (items: readonly I[]) => Promise<readonly O[]>;
  readonly maxBatch: number;
  /** Maximum number of concurrent batches. */
  readonly maxInFlight: number;
  /** Maximum number of items waiting or in progress; one more is refused with `OVERLOADED`. */
  readonly maxItems: number;
}

export interface Batcher<I, O> {
  /** Adds one item; settles with its outcome, or with the error of its batch. */
  add(item: I): Promise<O>;
  /** Items waiting or in progress. */
  readonly size: number;
  /** Resolves when nothing is waiting or in progress. */
  idle(): Promise<void>;
}

/**
 * Groups items without waiting for more: the first goes at once, and what arrives while all places are taken forms the
 * next batch. An idle batcher therefore has the latency of one call, and batches grow by themselves under load.
 */
export function createBatcher<I, O>({
  run,
  maxBatch,
  maxInFlight,
  maxItems,
}: BatcherOptions<I, O>): Batcher<I, O> {
  interface Waiting {
    item: I;
    resolve: (outcome: O) => void;
    reject: (error: unknown) => void;
  }
  let waiting: Waiting[] = [];
  let inFlight = 0;
  let size = 0;
  let scheduled = false;
  const idler = createIdler(() => size === 0);

  function schedule() {
    if (scheduled || waiting.length === 0 || inFlight >= maxInFlight) return;
    scheduled = true;
    // One turn of the event loop collects what arrived in the same read of the sockets.
    setImmediate(() => {
      scheduled = false;
      while (waiting.length > 0 && inFlight < maxInFlight) void dispatch();
    });
  }

  async function dispatch() {
    const batch = waiting.length <= maxBatch ? waiting : waiting.slice(0, maxBatch);
    waiting = waiting.length <= maxBatch ? [] : waiting.slice(maxBatch);
    inFlight++;
    try {
      const outcomes = await run(batch.map((entry) => entry.item));
      batch.forEach((entry, i) => {
        entry.resolve(outcomes[i] as O);
      });
    } catch (error) {
      for (const entry of batch) entry.reject(error);
    } finally {
      inFlight--;
      size -= batch.length;
      idler.settle();
      schedule();
    }
  }

  return {
    add(item) {
      if (size >= maxItems)
        return Promise.reject(
          new AppError("OVERLOADED", `${size} items are in flight, the limit is ${maxItems}`),
        );
      size++;
      return new Promise<O>((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        schedule();
      });
    },
    get size() {
      return size;
    },
    idle: idler.idle,
  };
}
