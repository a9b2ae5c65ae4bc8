import { untilItSucceeds } from "../../shared/async.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { CommandStore } from "./command-store.ts";

/**
 * Caches the paused job types. Intake, which starts a new job directly if its type is not paused, checks this cache.
 * Claims of queued jobs check the store itself.
 */
export function createPausedTypes(store: Pick<CommandStore, "paused">, stopping: AbortSignal, log: Log) {
  let types: ReadonlySet<string> = new Set();
  let begun = 0;
  let shown = 0;
  return {
    has: (type: string) => types.has(type),

    /**
     * Reads the types, retrying until a read succeeds; rejects when the service stops. Never overwrites a later read.
     */
    async refresh(): Promise<void> {
      const turn = ++begun;
      const read = await untilItSucceeds(() => store.paused(), {
        signal: stopping,
        capMs: 1_000,
        onError: (error) => log.warn("Paused types cannot be read yet", { reason: messageOf(error) }),
      });
      if (turn < shown) return;
      shown = turn;
      types = new Set(read);
    },
  };
}
