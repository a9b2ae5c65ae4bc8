/** A call in progress, and the number of callers that still wait for it. */
interface UnderWay<T> {
  readonly outcome: Promise<T>;
  readonly abort: AbortController;
  waiting: number;
}

/**
 * Shares one call of `load` among all concurrent callers. With `keepMs`, its outcome also serves later callers for that
 * long. An error is shared with the waiting callers but not kept. The signal passed to `load` aborts when no caller
 * waits any longer.
 */
export function createSharedCall<T>(load: (signal: AbortSignal) => Promise<T>, keepMs = 0) {
  let underWay: UnderWay<T> | undefined;
  let kept: { readonly value: T; readonly until: number } | undefined;

  function begin(): UnderWay<T> {
    const abort = new AbortController();
    const outcome = load(abort.signal)
      .then((value) => {
        kept = { value, until: performance.now() + keepMs };
        return value;
      })
      .finally(() => {
        if (underWay === begun) underWay = undefined;
      });
    const begun = { outcome, abort, waiting: 0 };
    return begun;
  }

  /** Waits for a call until the caller's signal aborts. A caller without a signal waits until the call settles. */
  function join(shared: UnderWay<T>, caller?: AbortSignal): Promise<T> {
    shared.waiting++;
    if (!caller) return shared.outcome;
    const left = Promise.withResolvers<never>();
    const leave = () => {
      left.reject(caller.reason);
      if (--shared.waiting > 0) return;
      if (underWay === shared) underWay = undefined;
      shared.abort.abort(caller.reason);
    };
    if (caller.aborted) leave();
    else caller.addEventListener("abort", leave, { once: true });
    return Promise.race([shared.outcome, left.promise]).finally(() =>
      caller.removeEventListener("abort", leave),
    );
  }

  const refresh = (caller?: AbortSignal) => {
    underWay ??= begin();
    return join(underWay, caller);
  };

  return {
    /** Returns the kept outcome, or {@link refresh}es it. If the caller's signal aborts first, rejects with its reason. */
    get: (caller?: AbortSignal): Promise<T> =>
      kept && performance.now() < kept.until ? Promise.resolve(kept.value) : refresh(caller),
    /** Returns the outcome of the call in progress, or of a new one. */
    refresh,
  };
}
