/**
 * One call under way serves every caller meanwhile; with `keepMs`, its outcome also serves callers that long after.
 * An error is shared with those who waited for it and not kept.
 */
export function createShared<T>(load: () => Promise<T>, keepMs = 0) {
  let underWay: Promise<T> | undefined;
  let kept: { readonly value: T; readonly until: number } | undefined;

  const refresh = () => {
    underWay ??= load()
      .then((value) => {
        kept = { value, until: performance.now() + keepMs };
        return value;
      })
      .finally(() => {
        underWay = undefined;
      });
    return underWay;
  };

  return {
    /** The kept outcome, or that of a call. */
    get: (): Promise<T> => (kept && performance.now() < kept.until ? Promise.resolve(kept.value) : refresh()),
    /** The outcome of a call that is under way or begins now. */
    refresh,
  };
}
