import { pause } from "../../shared/async.ts";
import type { Duty } from "../../shared/duty.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { CountStore } from "./count-store.ts";

const FOLD_EVERY_MS = 1_000;

export interface FoldOptions {
  readonly store: Pick<CountStore, "fold">;
  readonly log: Log;
  readonly duty: Duty;
}

/**
 * Changes to job counts are appended as rows. This adds them to the totals until `signal` aborts, so that readers of
 * the counts have few rows to add up.
 */
export async function foldCounts({ store, log, duty }: FoldOptions, signal: AbortSignal): Promise<void> {
  duty.begin();
  while (!signal.aborted) {
    try {
      const { more } = await store.fold();
      duty.done();
      if (more) continue;
    } catch (error) {
      duty.failed(messageOf(error));
      log.debug("Cannot fold counts now", { reason: messageOf(error) });
    }
    await pause(FOLD_EVERY_MS, signal);
  }
}
