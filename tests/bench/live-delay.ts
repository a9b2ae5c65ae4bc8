import type { RunningSystem } from "./system.ts";

/**
 * Watches a system's live stream until stopped, as one viewer does. Resolves to the delay of each change, in
 * milliseconds, sorted; null for a system without a live stream.
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
