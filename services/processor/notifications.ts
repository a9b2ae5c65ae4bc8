import { untilItSucceeds } from "../../shared/async.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { Sql } from "../../shared/postgres.ts";

/**
 * The channels on which processors notify each other through the store: waiting jobs, requested cancellations, and
 * paused or resumed types.
 */
export const CHANNELS = ["observatory_waiting", "observatory_cancel", "observatory_paused"] as const;
export type Channel = (typeof CHANNELS)[number];

/**
 * Listens for notifications. After a lost connection the driver listens again and calls `onListening`, so the caller
 * can catch up on missed notifications without waiting for a poll.
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
