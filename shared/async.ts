import { AppError } from "./errors.ts";

/** Resolves after `ms`, or as soon as `signal` aborts (without an error: the caller checks its signal). */
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

/** Exponential backoff, half fixed and half random: never a tight loop, never all at once. */
export function halfJitter(n: number, baseMs: number, capMs: number): number {
  const ms = Math.min(capMs, baseMs * 2 ** Math.min(n, 30));
  return Math.round(ms / 2 + (Math.random() * ms) / 2);
}

/** Says that something took too long. */
export class LateError extends Error {
  override readonly name = "LateError";
}

/**
 * Rejects with {@link LateError} when `work` has not settled after `ms`; `what` begins its sentence. The work itself
 * goes on, and its late failure is not reported.
 */
export async function within<T>(ms: number, work: PromiseLike<T>, what?: string): Promise<T> {
  let timer: Timer | undefined;
  const message = what === undefined ? `no answer within ${ms} ms` : `${what} took longer than ${ms} ms`;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new LateError(message)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Lets callers wait until nothing is left to do. Call `settle` whenever something ends. */
export function createIdler(isIdle: () => boolean): { idle(): Promise<void>; settle(): void } {
  const waiting: (() => void)[] = [];
  return {
    idle: () => (isIdle() ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
    settle() {
      if (isIdle()) for (const resolve of waiting.splice(0)) resolve();
    },
  };
}

/** Rejects with the signal's reason when it aborts before the promise settles; the promise itself continues. */
export function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** Retries with backoff until it succeeds or `signal` aborts (then rejects with the last error). */
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
      await pause(halfJitter(n, baseMs, capMs), signal);
      if (signal.aborted) throw error;
    }
  }
}

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
