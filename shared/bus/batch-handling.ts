import type { QueueName } from "../../contracts/topology.ts";
import { halfJitter, pause, within } from "../async.ts";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import type { BatchHandler, ConsumeOptions, Delivery } from "./port.ts";

/** The options of a consumer on either engine. */
export interface BusConsumerOptions extends ConsumeOptions {
  readonly queue: QueueName;
  readonly deliveryLimit: number;
  readonly handler: BatchHandler;
  readonly log: Log;
  /** Time from the beginning of a stop until the handler's signal aborts. */
  readonly stopGraceMs: number;
  /** Drops the connection and opens another. */
  readonly drop: (reason: string) => void;
  readonly onHandled: (messages: number) => void;
  readonly onRejected: () => void;
}

/**
 * A batch is stuck once it has been rejected `REJECTIONS` times in a row with more than `failing` between the first
 * and the last, or once one call has lasted for `hanging`. A large batch on a busy store takes long and still
 * progresses, and a single rejection after a long call may be a blip.
 */
const STUCK_MS = { failing: 1_000, hanging: 60_000 };
const REJECTIONS = 3;

/** After its signal has aborted, a handler has this long to end before its messages are returned without it. */
const ABANDON_MS = 5_000;

/**
 * Passes batches to their handler, one at a time.
 *
 * A rejected batch is not returned to the engine: each return counts as a death, so a database that is down for a
 * minute would send good messages to the dead letters. The batch is held and passed to the handler again, after a
 * pause that grows to five seconds.
 */
export function createBatchHandling({
  queue,
  handler,
  log,
  stopGraceMs,
  onRejected,
  now = () => performance.now(),
}: Pick<BusConsumerOptions, "queue" | "handler" | "log" | "stopGraceMs" | "onRejected"> & {
  readonly now?: () => number;
}) {
  const abort = new AbortController();
  let rejectionsInARow = 0;
  let failing: { count: number; since: number; last: number; reason: string } | undefined;
  let calledAt: number | undefined;

  return {
    /**
     * Resolves to whether the handler accepted the batch; false when one of `giveUp` aborted first. `again` is true on
     * every call after the first.
     */
    async handle(
      toDeliveries: (again: boolean) => Delivery[],
      giveUp: readonly AbortSignal[],
    ): Promise<boolean> {
      for (let again = false; ; again = true) {
        const deliveries = toDeliveries(again);
        calledAt = now();
        try {
          await handler(deliveries, abort.signal);
          rejectionsInARow = 0;
          failing = undefined;
          return true;
        } catch (error) {
          const at = now();
          failing = {
            count: (failing?.count ?? 0) + 1,
            since: failing?.since ?? at,
            last: at,
            reason: messageOf(error),
          };
          const ms = Math.min(5_000, 100 * 2 ** Math.min(rejectionsInARow++, 10));
          onRejected();
          log.warn("A batch was rejected, retrying after a pause", {
            queue,
            messages: deliveries.length,
            rejectionsInARow,
            error,
          });
          const over = AbortSignal.any([...giveUp]);
          await pause(halfJitter(0, ms, ms), over);
          if (over.aborted) {
            // Another consumer has its messages now.
            failing = undefined;
            return false;
          }
        } finally {
          calledAt = undefined;
        }
      }
    },

    whyStuck(): string | undefined {
      const at = now();
      if (failing && failing.count >= REJECTIONS && failing.last - failing.since > STUCK_MS.failing)
        return `A batch of ${queue} has been failing for ${seconds(at - failing.since)}: ${failing.reason}`;
      if (calledAt !== undefined && at - calledAt > STUCK_MS.hanging)
        return `A batch of ${queue} has been under way for ${seconds(at - calledAt)} without an end`;
      return undefined;
    },

    /** Waits for the current batch to end by itself, then aborts its handler, and finally abandons it. */
    async finish(working: Promise<void>): Promise<void> {
      const giveUp = () => abort.abort(new Error("the grace period for stopping has passed"));
      const timer = setTimeout(giveUp, stopGraceMs);
      await within(stopGraceMs + ABANDON_MS, working, "Finishing the batch").catch((error) =>
        log.error("A batch did not end, returning its messages", { queue, error }),
      );
      clearTimeout(timer);
    },
  };
}

const seconds = (ms: number) => `${Math.round(ms / 1_000)} s`;
