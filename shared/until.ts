export interface UntilOptions {
  timeoutMs: number;
  /** Names the awaited condition in the error. */
  what(): string;
  signal?: AbortSignal;
  everyMs?: number;
}

/**
 * Polls a condition until it holds. After the timeout, throws an error that names the condition; on abort, throws the
 * signal's reason.
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  { timeoutMs, what, signal, everyMs = 20 }: UntilOptions,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    if (await condition()) return;
    if (performance.now() > deadline) throw new Error(`Gave up after ${timeoutMs} ms waiting for ${what()}`);
    await Bun.sleep(everyMs);
  }
}
