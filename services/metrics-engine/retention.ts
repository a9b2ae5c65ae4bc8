import { pause } from "../../shared/async.ts";
import type { Duty } from "../../shared/duty.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { ObservationWriter } from "../../shared/observations/port.ts";

/** Pruning runs only hourly, because in an event store without an index on time each run scans all events. */
export const RETENTION_EVERY_MS = 3_600_000;

/** Deletes events past their retention, immediately and then hourly, until `signal` aborts. */
export async function keepRetention(
  observations: Pick<ObservationWriter, "prune">,
  { hours, log, duty }: { hours: number; log: Log; duty: Duty },
  signal: AbortSignal,
): Promise<void> {
  duty.begin();
  while (!signal.aborted) {
    try {
      const count = await observations.prune(new Date(Date.now() - hours * 3_600_000));
      duty.done();
      if (count > 0) log.info("Deleted events past their retention", { count, hours });
    } catch (error) {
      duty.failed(messageOf(error));
      log.warn("Could not delete old events", { reason: messageOf(error) });
    }
    await pause(RETENTION_EVERY_MS, signal);
  }
}
