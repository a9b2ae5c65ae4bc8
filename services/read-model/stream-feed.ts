import { pause } from "../../shared/async.ts";
import { AppError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { ObservationReader } from "../../shared/observations/port.ts";
import { type StreamEntry, toEntry } from "./stream-buffer.ts";

export interface FeedOptions {
  readonly observations: ObservationReader;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly onEntry: (entry: StreamEntry) => void;
}

const RETRY_MS = 1_000;

/**
 * Follow the live feed for the whole process until `signal` aborts, over losses of its store: after one it goes on
 * where it was. Resolves when it has ended.
 */
export async function followFeed({ observations, log, signal, onEntry }: FeedOptions): Promise<void> {
  let last: string | null = null;
  let failing = false;
  while (!signal.aborted) {
    try {
      for await (const { id, deltas, dropped } of observations.follow(last, signal)) {
        if (failing) log.info("The live feed is back");
        failing = false;
        last = id;
        onEntry(toEntry(id, deltas, dropped));
      }
    } catch (error) {
      if (signal.aborted) return;
      // The feed was emptied and began anew: what lay between is unknown, so it goes on from now.
      if (error instanceof AppError && error.code === "INVALID_CURSOR") last = null;
      if (!failing) log.warn("The live feed was lost, trying again", { error });
      failing = true;
    }
    await pause(RETRY_MS, signal);
  }
}
