import type { QueueName } from "../../contracts/topology.ts";
import { fullJitter, pause } from "../async.ts";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { within } from "./deadline.ts";
import type { BatchHandler, ConsumeOptions, Delivery } from "./port.ts";

/** What a consumer of either engine is made with. */
export interface BusConsumerOptions extends ConsumeOptions {
  readonly queue: QueueName;
  readonly deliveryLimit: number;
  readonly handler: BatchHandler;
  readonly log: Log;
  /** From the beginning of a stop until the handler's signal aborts. */
  readonly stopGraceMs: number;
  /** Give the connection up and make another. */
  readonly drop: (reason: string) => void;
  readonly onHandled: (messages: number) => void;
  readonly onRejected: () => void;
}

/**
 * A batch is stuck once it has been rejected `REJECTIONS` times in a row with more than `failing` between the first and
 * the last, or once one call has lasted for `hanging`. A large batch on a busy store takes long and still progresses, and
 * one rejection after a long call may be a blip.
 */
const STUCK_MS = { failing: 1_000, hanging: 60_000 };
const REJECTIONS = 3;

/** After its signal aborted, a handler has this long to end before its messages are given back without it. */
const ABANDON_MS = 5_000;

/**
 * Hands batches to their handler, one at a time.
 *
 * A batch that is rejected is not given back to the engine: each return counts as a death, so an unavailable database
 * for a minute would send good messages to the dead letters. It is held and handed to the handler again, after a pause
 * that grows to five seconds.
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
     * Whether the handler took it; false when one of `giveUp` aborted first. `again` says that it was handed over before.
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
          log.warn("A batch was rejected, it comes back after a pause", {
            queue,
            messages: deliveries.length,
            rejectionsInARow,
            error,
          });
          const over = AbortSignal.any([...giveUp]);
          await pause(ms / 2 + fullJitter(0, ms / 2, ms / 2), over);
          if (over.aborted) {
            // Its messages are in other hands now, and so is their trouble.
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

    /** Wait for the batch in hand: first it may end by itself, then its handler is aborted, then it is left behind. */
    async finish(working: Promise<void>): Promise<void> {
      const giveUp = () => abort.abort(new Error("the grace for stopping has passed"));
      const timer = setTimeout(giveUp, stopGraceMs);
      await within(stopGraceMs + ABANDON_MS, working, "Finishing the batch").catch((error) =>
        log.error("A batch did not end, its messages go back", { queue, error }),
      );
      clearTimeout(timer);
    },
  };
}

const seconds = (ms: number) => `${Math.round(ms / 1_000)} s`;
