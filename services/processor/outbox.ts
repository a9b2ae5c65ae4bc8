import { pause } from "../../shared/async.ts";
import { createBatcher } from "../../shared/batcher.ts";
import type { Bus, BusTables } from "../../shared/bus/port.ts";
import type { Duty } from "../../shared/duty.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { Tracing } from "../../shared/tracing.ts";
import type { OutboxMessage } from "./history-sql.ts";
import type { OutboxStore } from "./outbox-store.ts";

const MAX_UNDER_WAY = 64;
const SWEEP_MS = 1_000;
/** The pause after each deletion. Messages that are confirmed during the pause are deleted together. */
const DELETION_PAUSE_MS = 50;

export interface Outbox {
  /**
   * Publishes a newly committed message. Returns without waiting: the message stays in the outbox until the bus
   * confirms it, so a failure loses nothing.
   */
  relay(message: OutboxMessage | undefined): void;
  /** Publishes messages that were left in the outbox, until `signal` aborts. */
  sweep(signal: AbortSignal): Promise<void>;
  /** Resolves when no relay or deletion is in progress. */
  idle(): Promise<void>;
}

export interface OutboxOptions {
  readonly store: OutboxStore;
  readonly bus: Bus;
  /**
   * Set if the bus shares the database. Messages are then committed to its queues directly, and relaying only wakes the
   * consumers.
   */
  readonly busTables?: BusTables | undefined;
  readonly tracing: Tracing;
  readonly log: Log;
  readonly duty: Duty;
}

/**
 * Publishes committed events. Each message is a row until the bus confirms it, so a crash between commit and publish
 * loses nothing: a later sweep publishes the row. A message may be published twice, but its events keep their ids.
 */
export function createOutbox({ store, bus, busTables, tracing, log, duty }: OutboxOptions): Outbox {
  const deletions = createBatcher<string, void>({
    run: async (ids) => {
      await store.remove(ids);
      await pause(DELETION_PAUSE_MS);
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
      if (busTables) busTables.committed("jobs.transitions");
      else await bus.publish("jobs.transitions", body);
      for (const span of spans) span?.end({ "messaging.destination.name": "jobs.transitions" });
      if (!busTables) remove(id);
    } catch (error) {
      leaveForSweep(id, error);
    }
  }

  function remove(id: string): void {
    deletions.add(id).catch((error: unknown) => leaveForSweep(id, error));
  }

  function leaveForSweep(outboxId: string, error: unknown): void {
    log.debug("Left an outbox message for the sweep", { outboxId, reason: messageOf(error) });
  }

  async function sweepOnce(): Promise<number> {
    const count = await store.sweep(async (bodies) => {
      await Promise.all(bodies.map((body) => bus.publish("jobs.transitions", body)));
    });
    if (count > 0) log.info("Published messages left in the outbox", { count });
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
          log.debug("Cannot sweep the outbox now", { reason: messageOf(error) });
        }
        await pause(SWEEP_MS, signal);
      }
    },
    async idle() {
      await Promise.all(underWay);
      await deletions.idle();
    },
  };
}
