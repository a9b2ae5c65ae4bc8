import type { QueueName } from "../../contracts/topology.ts";
import { halfJitter, pause, within } from "../async.ts";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import type { BatchHandler, ConsumeOptions, Delivery } from "./port.ts";

/** The options of a consumer, on any engine. */
export interface BusConsumerOptions extends ConsumeOptions {
  readonly queue: QueueName;
  readonly deliveryLimit: number;
  readonly handler: BatchHandler;
  readonly log: Log;
  /** Time from the start of `stop` until the handler's signal aborts. */
  readonly stopGraceMs: number;
  /** Drops the connection to the engine, which is then opened again. */
  readonly drop: (reason: string) => void;
  readonly onHandled: (messages: number) => void;
  readonly onRejected: () => void;
}

/**
 * A batch counts as stuck if its handler has rejected it at least `REJECTIONS` times in a row, the first and the last
 * time more than `failing` ms apart, or if a single call of the handler has lasted longer than `hanging` ms. The limits
 * are generous, because a large batch on a busy store is slow but still progresses, and because a single rejection
 * after a long call may be due to a brief failure.
 */
const STUCK_MS = { failing: 1_000, hanging: 60_000 };
const REJECTIONS = 3;

/**
 * How long a handler may continue after its signal has aborted; after that, its messages are returned to the engine
 * anyway.
 */
const ABANDON_MS = 5_000;

/**
 * Passes batches to their handler, one at a time.
 *
 * A rejected batch is not returned to the engine. The engine counts each return towards a message's delivery limit, so
 * a database that is down for a minute would turn good messages into dead letters. Instead, the batch is held and
 * passed to the handler again, after a pause that grows to five seconds.
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
     * Resolves to whether the handler accepted the batch; false if a `giveUp` signal aborted first. `again` is true on
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
            // These messages go to another consumer, so this consumer is no longer failing.
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
        return `A batch of ${queue} has been running for ${seconds(at - calledAt)} without finishing`;
      return undefined;
    },

    /** Waits for the current batch. Aborts its handler after the grace period, and finally abandons the batch. */
    async finish(working: Promise<void>): Promise<void> {
      const giveUp = () => abort.abort(new Error("the grace period for stopping has passed"));
      const timer = setTimeout(giveUp, stopGraceMs);
      await within(stopGraceMs + ABANDON_MS, working, "Finishing the batch").catch((error) =>
        log.error("A batch did not finish, returning its messages", { queue, error }),
      );
      clearTimeout(timer);
    },
  };
}

const seconds = (ms: number) => `${Math.round(ms / 1_000)} s`;
