/** Resolves after `ms`, or as soon as `signal` aborts. It never rejects, so the caller must check the signal. */
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

/** Exponential backoff with full jitter: returns a random time from 0 to `min(capMs, baseMs · 2ⁿ)`; n starts at 0. */
export function fullJitter(
  n: number,
  baseMs: number,
  capMs: number,
  random: () => number = Math.random,
): number {
  return Math.round(random() * Math.min(capMs, baseMs * 2 ** Math.min(n, 30)));
}

/**
 * Exponential backoff: half of the returned time is fixed, to avoid tight loops, and half is random, to avoid
 * simultaneous retries.
 */
export function halfJitter(n: number, baseMs: number, capMs: number): number {
  const ms = Math.min(capMs, baseMs * 2 ** Math.min(n, 30));
  return Math.round(ms / 2 + (Math.random() * ms) / 2);
}

/** Thrown when work takes too long. */
export class LateError extends Error {
  override readonly name = "LateError";
}

/**
 * Rejects with {@link LateError} if `work` has not settled after `ms`; `what` is the subject of the error message. The
 * work itself continues, and its late failure is not reported.
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

/** Lets callers wait until no work is left. Call `settle` whenever a piece of work ends. */
export function createIdler(isIdle: () => boolean): { idle(): Promise<void>; settle(): void } {
  const waiting: (() => void)[] = [];
  return {
    idle: () => (isIdle() ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
    settle() {
      if (isIdle()) for (const resolve of waiting.splice(0)) resolve();
    },
  };
}

/** Rejects with the signal's reason if it aborts before the promise settles; the work behind the promise continues. */
export function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** Retries an attempt with backoff until it succeeds. If `signal` aborts first, rejects with the last error. */
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
