import { untilItSucceeds } from "../../shared/async.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { CommandStore } from "./command-store.ts";

/**
 * The paused job types, as last read: intake looks here before it lets a job skip the queue. Claims from the queue read
 * the store itself.
 */
export function createPausedTypes(store: Pick<CommandStore, "paused">, stopping: AbortSignal, log: Log) {
  let types: ReadonlySet<string> = new Set();
  let begun = 0;
  let shown = 0;
  return {
    has: (type: string) => types.has(type),

    /** Reads them until that succeeds; rejects when the service stops. A later reading is not overwritten. */
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
