/** A load in progress, and how many callers still wait for it. */
interface UnderWay<T> {
  readonly outcome: Promise<T>;
  readonly abort: AbortController;
  waiting: number;
}

/**
 * Shares one call among all concurrent callers; with `keepMs`, its outcome also serves callers for that long
 * afterwards. An error is shared with the waiting callers but not kept. The signal of `load` aborts when all callers
 * have left.
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

  /** Waits for a call as long as its caller does; one without a signal never leaves. */
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
    /** Returns the kept outcome, or calls. Rejects with the caller's reason when its signal aborts first. */
    get: (caller?: AbortSignal): Promise<T> =>
      kept && performance.now() < kept.until ? Promise.resolve(kept.value) : refresh(caller),
    /** Returns the outcome of the call in progress, or of a new one. */
    refresh,
  };
}
