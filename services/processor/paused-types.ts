import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { CommandStore } from "./command-store.ts";

/**
 * The paused job types, as last read: intake asks it before it lets a job skip the queue. Claims from the queue ask the
 * store itself.
 */
export function createPausedTypes(store: Pick<CommandStore, "paused">, log: Log) {
  let types: ReadonlySet<string> = new Set();
  return {
    has: (type: string) => types.has(type),
    async refresh(): Promise<void> {
      try {
        types = new Set(await store.paused());
      } catch (error) {
        log.warn("Paused types cannot be read now", { reason: messageOf(error) });
      }
    },
  };
}
