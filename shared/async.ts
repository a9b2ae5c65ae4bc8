import { AppError } from "./errors.ts";

/** Resolve after `ms`, or at once when `signal` aborts (without an error: the caller looks at its signal). */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done, { once: true });
  });
}

/** Exponential backoff with full jitter: a random time between 0 and `min(capMs, baseMs · 2ⁿ)`, n counted from 0. */
export function fullJitter(
  n: number,
  baseMs: number,
  capMs: number,
  random: () => number = Math.random,
): number {
  return Math.round(random() * Math.min(capMs, baseMs * 2 ** Math.min(n, 30)));
}

/** Reject with the signal's reason when it aborts before the promise settles; the promise itself goes on. */
export function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** Try again with backoff until it succeeds or `signal` aborts (then rejects with the last error). */
export async function untilItSucceeds<T>(
  attempt: () => Promise<T>,
  {
    signal,
    onError,
    baseMs = 100,
    capMs = 5_000,
  }: { signal: AbortSignal; onError?: (error: unknown) => void; baseMs?: number; capMs?: number },
): Promise<T> {
  for (let n = 0; ; n++) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted) throw error;
      onError?.(error);
      // Half fixed, half jitter: never a tight loop, never all at once.
      const ms = Math.min(capMs, baseMs * 2 ** Math.min(n, 30));
      await pause(ms / 2 + fullJitter(0, ms / 2, ms / 2), signal);
      if (signal.aborted) throw error;
    }
  }
}

export interface BatcherOptions<I, O> {
  /** Handle some items; give one outcome for each, in their order. */
  readonly run: (items: readonly I[]) => Promise<readonly O[]>;
  readonly maxBatch: number;
  /** Batches under way at a time. */
  readonly maxInFlight: number;
  /** Items that wait or are under way; one more is refused with `OVERLOADED`. */
  readonly maxItems: number;
}

export interface Batcher<I, O> {
  /** Hand one item over; settles with its outcome, or with the error of its batch. */
  add(item: I): Promise<O>;
  /** Items that wait or are under way. */
  readonly size: number;
  /** Resolves when nothing waits or is under way. */
  idle(): Promise<void>;
}

/**
 * Group items without waiting for them: the first goes at once, what arrives while all places are taken forms the next
 * batch. So latency is that of one call when idle, and batches grow by themselves under load.
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
  const idlers: (() => void)[] = [];

  function schedule() {
    if (scheduled || waiting.length === 0 || inFlight >= maxInFlight) return;
    scheduled = true;
    // One turn of the event loop gathers what arrived in the same read of the sockets.
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
      if (size === 0) for (const resolve of idlers.splice(0)) resolve();
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
    idle: () => (size === 0 ? Promise.resolve() : new Promise((resolve) => idlers.push(resolve))),
  };
}
