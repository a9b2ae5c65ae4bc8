import { untilItSucceeds } from "../../shared/async.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { Sql } from "../../shared/postgres.ts";

/** What processors notify each other of through the store: waiting jobs, requested cancels, paused and resumed types. */
export const CHANNELS = ["observatory_waiting", "observatory_cancel", "observatory_paused"] as const;
export type Channel = (typeof CHANNELS)[number];

/**
 * Listens for notifications. The driver listens again after a loss; what was missed meanwhile is found by polls, and
 * `onListening` is called so that they need not be waited for.
 */
export async function listenForNotifications(
  sql: Sql,
  {
    signal,
    log,
    on,
    onListening,
  }: {
    signal: AbortSignal;
    log: Log;
    on: (channel: Channel, payload: string) => void;
    onListening: () => void;
  },
): Promise<void> {
  for (const channel of CHANNELS)
    await untilItSucceeds(() => sql.listen(channel, (payload) => on(channel, payload), onListening), {
      signal,
      onError: (error) => log.warn("Cannot listen for notifications yet", { reason: messageOf(error) }),
    });
}
