import type { RunningSystem } from "./system.ts";

/**
 * Watches a system's live stream as one viewer would. The returned function stops watching and resolves to the sorted
 * delays of the changes in milliseconds, or to null if the system has no live stream.
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
