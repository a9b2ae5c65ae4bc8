import type { RunningSystem } from "./system.ts";

/**
 * Watches a system's live stream like one viewer until stopped. Resolves to the sorted delays of the changes in
 * milliseconds; null for a system without a live stream.
 */
export function watchLiveDelay(system: RunningSystem): () => Promise<number[] | null> {
  if (!system.changes) return async () => null;
  const abort = new AbortController();
  const delays: number[] = [];
  const watching = (async (changes: AsyncIterable<readonly Date[]>) => {
    for await (const some of changes) {
      const now = Date.now();
      delays.push(...some.map((at) => now - at.getTime()));
    }
  })(system.changes(abort.signal));
  return async () => {
    abort.abort();
    await watching;
    return delays.sort((a, b) => a - b);
  };
}
