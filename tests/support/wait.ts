/**
 * Polls until `ask` returns something other than undefined or false; fails with `what` and the last answer or error
 * after `timeoutMs`.
 */
export async function eventually<T>(
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  { what, timeoutMs = 30_000, everyMs = 25 }: { what: string; timeoutMs?: number; everyMs?: number },
): Promise<T> {
  const until = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      last = answer;
    } catch (error) {
      last = error;
    }
    if (performance.now() > until)
      throw new Error(
        `waited ${timeoutMs} ms for ${what}; the last answer: ${last instanceof Error ? last.message : JSON.stringify(last)}`,
      );
    await Bun.sleep(everyMs);
  }
}
