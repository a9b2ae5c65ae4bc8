import type { Snapshot } from "../../contracts/api-queries.ts";
import type { JobEvent } from "../../contracts/events.ts";
import { createBoundedLabels } from "../../shared/bounded-labels.ts";
import type { Metrics } from "../../shared/metrics.ts";
import { contributionOf } from "../../shared/observations/counting.ts";

/** How many job types get their own label; all other types share the label "other". */
const MAX_TYPES = 50;

/**
 * Registers the job metrics for Prometheus: counters fed by new events, and gauges fed by snapshots. The counters of
 * `knownTypes` start at 0, because `rate()` misses a step from absent to 1.
 */
export function createFamilies(metrics: Metrics, knownTypes: Iterable<string> = []) {
  const labelOf = createBoundedLabels(MAX_TYPES);
  const counters = {
    submitted: metrics.counter("observatory_jobs_submitted_total", "Jobs that were created", ["type"]),
    completed: metrics.counter("observatory_jobs_completed_total", "Jobs that completed", ["type"]),
    failed: metrics.counter("observatory_jobs_failed_total", "Jobs that failed permanently", ["type"]),
    retried: metrics.counter("observatory_jobs_retried_total", "Failed attempts followed by a retry", [
      "type",
    ]),
    cancelled: metrics.counter("observatory_jobs_cancelled_total", "Jobs that were cancelled", ["type"]),
    rejected: metrics.counter("observatory_jobs_rejected_total", "Jobs refused at intake", ["type"]),
  };
  for (const type of knownTypes)
    for (const counter of Object.values(counters)) counter.inc({ type: labelOf(type) }, 0);
  const events = metrics.counter("observatory_events_recorded_total", "Distinct events stored and counted");
  const duplicates = metrics.counter("observatory_events_duplicate_total", "Repeated events");
  const refused = metrics.counter("observatory_events_refused_total", "Envelopes sent to the dead letters");
  const parked = metrics.counter(
    "observatory_parked_total",
    "Messages set aside because each one kept failing when written alone",
    ["queue"],
  );
  parked.inc({ queue: "events.observed" }, 0);
  const duration = metrics.histogram("observatory_job_duration_seconds", "How long attempts ran", ["type"]);
  const queueWait = metrics.histogram(
    "observatory_job_queue_wait_seconds",
    "How long due jobs waited for a slot",
    ["type"],
  );

  const depth = metrics.gauge(
    "observatory_queue_depth",
    "Messages in a queue of the bus, including those a consumer holds",
    ["queue"],
  );
  const lag = metrics.gauge("observatory_consumer_lag", "Messages not yet delivered to a consumer", [
    "queue",
  ]);
  const consumers = metrics.gauge("observatory_queue_consumers", "Consumers of a queue of the bus", [
    "queue",
  ]);
  const jobs = metrics.gauge("observatory_jobs_unfinished", "Unfinished jobs, by type and state", [
    "type",
    "state",
  ]);
  const oldest = metrics.gauge(
    "observatory_oldest_waiting_seconds",
    "Age of the oldest due job still waiting",
    ["type"],
  );
  const withoutWorker = metrics.gauge(
    "observatory_jobs_without_worker",
    "Waiting jobs whose type no live worker runs",
    ["type"],
  );
  const deadLetters = metrics.gauge("observatory_dead_letters", "Dead letters neither replayed nor dropped");
  const outbox = metrics.gauge("observatory_outbox_backlog", "Messages committed but not yet confirmed");
  const workers = metrics.gauge("observatory_workers", "Processors by state", ["state"]);
  const observationLag = metrics.gauge(
    "observatory_observation_lag_seconds",
    "Age of the newest event when it was recorded; its current age while more events wait",
  );
  let newestAt = 0;
  // Their values are unknown before the first snapshot.
  for (const gauge of [deadLetters, outbox]) gauge.remove();

  return {
    /** Counts a recorded batch: `fresh` holds its new events, and `total` is the size of the batch. */
    recorded(fresh: readonly JobEvent[], total: number): void {
      events.inc(fresh.length);
      if (total > fresh.length) duplicates.inc(total - fresh.length);
      let newest = 0;
      for (const event of fresh) {
        const type = labelOf(event.payload.jobType);
        const { counter, executionMs, queueWaitMs } = contributionOf(event);
        if (counter && counter in counters) counters[counter as keyof typeof counters].inc({ type });
        if (executionMs !== undefined) duration.observe({ type }, executionMs / 1_000);
        if (queueWaitMs !== undefined) queueWait.observe({ type }, queueWaitMs / 1_000);
        newest = Math.max(newest, Date.parse(event.occurredAt));
      }
      if (newest > 0) observationLag.set(Math.max(0, Date.now() - newest) / 1_000);
      newestAt = Math.max(newestAt, newest);
    },

    refused: (count: number): void => refused.inc(count),
    parked: (count: number): void => parked.inc({ queue: "events.observed" }, count),

    /** Sets the bus gauges. While the bus is unavailable (`undefined`), they are absent rather than stale. */
    busMeasured(queues: readonly Snapshot["bus"][number][] | undefined): void {
      for (const gauge of [depth, lag, consumers]) gauge.reset();
      for (const queue of queues ?? []) {
        const waiting = queue.ready + (queue.held ?? 0);
        if (queue.name === "events.observed" && waiting > 0 && newestAt > 0)
          observationLag.set(Math.max(0, Date.now() - newestAt) / 1_000);
        depth.set({ queue: queue.name }, waiting);
        lag.set({ queue: queue.name }, queue.ready);
        consumers.set({ queue: queue.name }, queue.consumers);
      }
    },

    /** Sets the job store's gauges; `undefined` means that no processor supplied a snapshot. */
    storeMeasured(snapshot: Omit<Snapshot, "bus"> | undefined): void {
      for (const gauge of [jobs, oldest, withoutWorker, workers]) gauge.reset();
      // Resetting a metric without labels would set it to 0; removing it makes it absent.
      for (const gauge of [deadLetters, outbox]) gauge.remove();
      if (!snapshot) return;
      const ages = new Map<string, number>();
      for (const queue of snapshot.queues) {
        const type = labelOf(queue.type);
        for (const state of ["waiting", "scheduled", "executing"] as const)
          jobs.inc({ type, state }, queue[state]);
        withoutWorker.inc({ type }, queue.withoutWorker ?? 0);
        ages.set(type, Math.max(ages.get(type) ?? 0, queue.oldestWaitingMs ?? 0));
      }
      for (const [type, ageMs] of ages) oldest.set({ type }, ageMs / 1_000);
      for (const worker of snapshot.workers) workers.inc({ state: worker.state });
      deadLetters.set(snapshot.deadLetters);
      outbox.set(snapshot.outbox);
    },
  };
}
export type Families = ReturnType<typeof createFamilies>;
