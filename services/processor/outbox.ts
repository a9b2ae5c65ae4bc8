import { createBatcher, pause } from "../../shared/async.ts";
import type { Bus } from "../../shared/bus/port.ts";
import type { Duty } from "../../shared/duty.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { Tracing } from "../../shared/tracing.ts";
import type { OutboxStore } from "./outbox-store.ts";
import type { OutboxMessage } from "./steps-sql.ts";

const MAX_UNDER_WAY = 64;
const SWEEP_MS = 1_000;

export interface Outbox {
  /** Publish a message that was just committed. Returns at once: the row stays until the bus has confirmed. */
  relay(message: OutboxMessage | undefined): void;
  /** Publish what others left behind, until `signal` aborts. */
  sweep(signal: AbortSignal): Promise<void>;
  /** Resolves when nothing that this process relays is under way. */
  idle(): Promise<void>;
}

export interface OutboxOptions {
  readonly store: OutboxStore;
  readonly bus: Bus;
  readonly tracing: Tracing;
  readonly log: Log;
  readonly duty: Duty;
}

/**
 * The way of committed events to the bus. Each message is a row until it is confirmed, so that a crash between commit
 * and publish loses nothing: the next sweep finds it. It may be published twice; its events have the same ids.
 */
export function createOutbox({ store, bus, tracing, log, duty }: OutboxOptions): Outbox {
  const deletions = createBatcher<string, void>({
    run: async (ids) => {
      await store.remove(ids);
      return ids.map(() => undefined);
    },
    maxBatch: 200,
    maxInFlight: 1,
    maxItems: 10_000,
  });
  const underWay = new Set<Promise<void>>();

  async function publish({ id, body, traces }: OutboxMessage): Promise<void> {
    try {
      const spans =
        tracing.on && traces.size > 0
          ? Array.from(traces, (parent) => tracing.span("publish jobs.transitions", "producer", parent))
          : [];
      await bus.publish("jobs.transitions", body);
      for (const span of spans) span?.end({ "messaging.destination.name": "jobs.transitions" });
      await deletions.add(id);
    } catch (error) {
      // The row is still there, and the sweep will find it.
      log.debug("An outbox message stays for the sweep", { outboxId: id, reason: messageOf(error) });
    }
  }

  async function sweepOnce(): Promise<number> {
    const count = await store.sweep(async (bodies) => {
      await Promise.all(bodies.map((body) => bus.publish("jobs.transitions", Buffer.from(body))));
    });
    if (count > 0) log.info("Published messages that were left in the outbox", { count });
    return count;
  }

  return {
    relay(message) {
      if (!message || underWay.size >= MAX_UNDER_WAY) return;
      const work = publish(message).finally(() => underWay.delete(work));
      underWay.add(work);
    },
    async sweep(signal) {
      duty.begin();
      while (!signal.aborted) {
        try {
          const count = await sweepOnce();
          duty.done();
          if (count > 0) continue;
        } catch (error) {
          duty.failed(messageOf(error));
          log.debug("The outbox cannot be swept now", { reason: messageOf(error) });
        }
        await pause(SWEEP_MS, signal);
      }
    },
    async idle() {
      await Promise.all(underWay);
    },
  };
}
