import { createIdler } from "./async.ts";
import { AppError } from "./errors.ts";

export interface BatcherOptions<I, O> {
  /** Handles a batch of items, and returns one outcome for each, in the same order. */
  readonly run: (items: readonly I[]) => Promise<readonly O[]>;
  readonly maxBatch: number;
  /** The maximum number of concurrent batches. */
  readonly maxInFlight: number;
  /** The maximum number of items waiting or in progress; further ones are refused with `OVERLOADED`. */
  readonly maxItems: number;
}

export interface Batcher<I, O> {
  /** Adds an item. Resolves to its outcome, or rejects with its batch's error or with `OVERLOADED`. */
  add(item: I): Promise<O>;
  /** The number of items waiting or in progress. */
  readonly size: number;
  /** Resolves when no item is waiting or in progress. */
  idle(): Promise<void>;
}

/**
 * Groups items into batches without a timer. An idle batcher dispatches an item in the next turn of the event loop, so
 * it adds almost no latency. Items that arrive while the maximum number of batches is running form the next batch, so
 * batches grow with the load.
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
    // Waiting for one turn of the event loop collects the items that arrived in the same socket read.
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
          new AppError("OVERLOADED", `${size} items are in flight; the limit is ${maxItems}`),
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
