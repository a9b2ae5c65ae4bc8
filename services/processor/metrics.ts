import type { AttemptOutcome } from "../../contracts/job.ts";
import type { QueueName } from "../../contracts/topology.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { Metrics } from "../../shared/metrics.ts";
import type { OutboxStore } from "./outbox-store.ts";
import type { Slots } from "./slots.ts";
import type { WorkerStore } from "./worker-store.ts";

export interface RunCounters {
  ended(outcome: AttemptOutcome): void;
  refused(): void;
  parked(queue: QueueName, messages: number): void;
}

/**
 * Registers the counters of recorded attempts, of outcomes that came too late, and of parked messages (messages set
 * aside because they cannot be written).
 */
export function registerCounters(metrics: Metrics): RunCounters {
  const attempts = metrics.counter("observatory_attempts_total", "Finished attempts that were recorded", [
    "outcome",
  ]);
  const late = metrics.counter(
    "observatory_late_ends_total",
    "Outcomes of attempts that were refused because the worker no longer held the job",
  );
  const parked = metrics.counter(
    "observatory_parked_total",
    "Messages set aside because each one kept failing when written alone",
    ["queue"],
  );
  for (const queue of ["jobs.created", "jobs.failed.validation"]) parked.inc({ queue }, 0);
  return {
    ended: (outcome) => attempts.inc({ outcome }),
    refused: () => late.inc(),
    parked: (queue, messages) => parked.inc({ queue }, messages),
  };
}

export interface GaugeSources {
  readonly slots: Slots;
  readonly log: Log;
  readonly snapshot: WorkerStore["snapshot"];
  readonly oldestInOutbox: OutboxStore["oldestSeconds"];
  readonly runner: { readonly unrecorded: { readonly count: number; readonly oldestMs: number } };
}

/**
 * Registers the processor's gauges: its slots, its finished attempts that are not recorded yet, and the contents of the
 * job store.
 */
export function registerGauges(
  metrics: Metrics,
  { slots, log, snapshot, oldestInOutbox, runner }: GaugeSources,
): void {
  metrics.gauge("observatory_slots", "Jobs that may run at the same time", [], (gauge) =>
    gauge.set(slots.total),
  );
  metrics.gauge("observatory_slots_busy", "Slots that are taken", [], (gauge) => gauge.set(slots.busy));
  metrics.gauge(
    "observatory_unrecorded_ends",
    "Attempts that have finished but are not recorded yet",
    [],
    (gauge) => gauge.set(runner.unrecorded.count),
  );
  metrics.gauge(
    "observatory_unrecorded_ends_oldest_seconds",
    "How long the oldest unrecorded outcome has waited; 0 when there is none",
    [],
    (gauge) => gauge.set(runner.unrecorded.oldestMs / 1_000),
  );
  const outbox = metrics.gauge("observatory_store_outbox", "Messages committed but not yet confirmed");
  metrics.gauge(
    "observatory_store_outbox_oldest_seconds",
    "Age of the oldest message that is committed and not yet confirmed; 0 when there is none",
    [],
    async (gauge) => {
      try {
        gauge.set(await oldestInOutbox());
      } catch (error) {
        // A missing value is better than a stale one; `observatory_engine_up` shows the outage.
        gauge.remove();
        log.debug("Cannot measure the outbox now", { reason: messageOf(error) });
      }
    },
  );
  const dead = metrics.gauge("observatory_store_dead_letters", "Dead letters neither replayed nor dropped");
  metrics.gauge(
    "observatory_store_jobs",
    "Jobs in the store that are not finished, by type and state",
    ["type", "state"],
    async (gauge) => {
      try {
        const { queues, outbox: messages, deadLetters } = await snapshot();
        gauge.reset();
        for (const queue of queues)
          for (const state of ["waiting", "scheduled", "executing"] as const)
            gauge.set({ type: queue.type, state }, queue[state]);
        outbox.set(messages);
        dead.set(deadLetters);
      } catch (error) {
        // A store outage must not fail the scrape; `observatory_engine_up` shows the outage.
        gauge.reset();
        log.debug("Cannot measure the store now", { reason: messageOf(error) });
      }
    },
  );
}
