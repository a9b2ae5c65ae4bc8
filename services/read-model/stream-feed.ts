import { pause } from "../../shared/async.ts";
import { createDuty } from "../../shared/duty.ts";
import { AppError, messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { ObservationReader } from "../../shared/observations/port.ts";
import { type StreamEntry, toEntry } from "./stream-buffer.ts";

export interface FeedOptions {
  readonly observations: ObservationReader;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly onEntry: (entry: StreamEntry) => void;
}

const MAX_PAUSE_MS = 1_000;
const MAX_SILENCE_MS = 15_000;
/**
 * A subscription to the feed that does not fail within this time counts as established. Its first sign of success is an
 * entry, which may not arrive for a long time.
 */
const SETTLED_MS = 100;
/** How long a client of the stream waits until this process follows the feed; after that, the client is refused. */
const FOLLOW_TIMEOUT_MS = 1_500;

/**
 * Follows the live feed for the whole process until `signal` aborts. After it has lost the connection to the store, it
 * resumes after the last entry it received.
 */
export function createFeed({ observations, log, signal, onEntry }: FeedOptions) {
  let live = Promise.withResolvers<void>();
  let isLive = false;
  let wasLive = false;
  let failure: unknown;
  const duty = createDuty("Following the live feed", MAX_SILENCE_MS);

  const up = () => {
    if (failure !== undefined) log.info("The live feed is available again");
    failure = undefined;
    duty.done();
    isLive = true;
    wasLive = true;
    live.resolve();
  };
  const down = (error: unknown) => {
    // At startup a failure only means that the connection is still opening, which /readyz shows.
    const say = wasLive ? log.warn : log.info;
    if (failure === undefined) say("The live feed is unavailable, retrying", { error });
    failure = error;
    if (isLive) {
      live = Promise.withResolvers<void>();
      duty.done();
    }
    isLive = false;
    duty.failed(messageOf(error));
  };

  async function run(): Promise<void> {
    let last: string | null = null;
    duty.begin();
    for (let failures = 0; !signal.aborted; ) {
      const settled = setTimeout(up, SETTLED_MS);
      try {
        for await (const { id, deltas, dropped } of observations.follow(last, signal)) {
          if (!isLive) up();
          failures = 0;
          last = id;
          onEntry(toEntry(id, deltas, dropped));
        }
      } catch (error) {
        if (signal.aborted) return;
        // The feed was emptied and restarted. The entries since `last` cannot be read any more, so continue with new
        // entries.
        if (error instanceof AppError && error.code === "INVALID_CURSOR") last = null;
        down(error);
      } finally {
        clearTimeout(settled);
      }
      await pause(Math.min(MAX_PAUSE_MS, 25 * 2 ** failures++), signal);
    }
  }

  return {
    /** Resolves when the feed has ended, which happens only after `signal` aborts. */
    ended: run(),
    /** Returns the reason if the feed has been unavailable for too long. A feed without entries counts as available. */
    whyStuck: () => (isLive ? undefined : duty.whyStuck()),
    /**
     * Resolves once the feed is followed, so no later entry is missed. Rejects with the feed's last failure, or with
     * STORE_UNAVAILABLE if it stays silent.
     */
    async followed(): Promise<void> {
      if (isLive) return;
      await Promise.race([live.promise, pause(FOLLOW_TIMEOUT_MS, signal)]);
      if (!isLive)
        throw (
          failure ??
          new AppError("STORE_UNAVAILABLE", "The live feed does not answer", { facts: { engine: "feed" } })
        );
    },
  };
}
