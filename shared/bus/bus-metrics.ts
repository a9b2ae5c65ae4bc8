import type { QueueName, Route } from "../../contracts/topology.ts";
import type { Metrics } from "../metrics.ts";

/** The values that a bus reports when it is scraped. */
export interface BusGauges {
  unconfirmed(): number;
  waiting(): number;
  buffered(): Iterable<readonly [QueueName, number]>;
  connected(): boolean;
}

export interface BusMetrics {
  published(route: Route): void;
  consumed(queue: QueueName, messages: number): void;
  rejected(queue: QueueName): void;
  /** Counts a connection that was lost or could not be opened. */
  lost(): void;
}

/** Creates a bus's metrics, at most once per registry. Without `metrics`, nothing is counted. */
export function createBusMetrics(metrics: Metrics | undefined, gauges: BusGauges): BusMetrics {
  const ignore = () => undefined;
  if (!metrics) return { published: ignore, consumed: ignore, rejected: ignore, lost: ignore };

  metrics.gauge(
    "observatory_bus_unconfirmed",
    "Published messages the engine has not yet confirmed",
    [],
    (gauge) => gauge.set(gauges.unconfirmed()),
  );
  metrics.gauge(
    "observatory_bus_waiting",
    "Messages waiting because too many published messages are unconfirmed",
    [],
    (gauge) => gauge.set(gauges.waiting()),
  );
  metrics.gauge(
    "observatory_bus_buffered",
    "Messages delivered to this service and not yet acknowledged",
    ["queue"],
    (gauge) => {
      for (const [queue, count] of gauges.buffered()) gauge.set({ queue }, count);
    },
  );
  metrics.gauge("observatory_bus_connected", "1 while the engine is connected", [], (gauge) =>
    gauge.set(gauges.connected() ? 1 : 0),
  );
  const published = metrics.counter("observatory_bus_published_total", "Messages confirmed", ["route"]);
  const consumed = metrics.counter("observatory_bus_consumed_total", "Messages handled", ["queue"]);
  const rejected = metrics.counter("observatory_bus_rejected_batches_total", "Rejected batches", ["queue"]);
  const reconnects = metrics.counter("observatory_bus_reconnects_total", "Connections lost");
  return {
    published: (route) => published.inc({ route }),
    consumed: (queue, messages) => consumed.inc({ queue }, messages),
    rejected: (queue) => rejected.inc({ queue }),
    lost: () => reconnects.inc(),
  };
}

/** Sums the messages that consumers hold, by queue. */
export function heldByQueue(
  consumers: Iterable<{ readonly queue: QueueName; readonly held: number }>,
): Partial<Record<QueueName, number>> {
  const sums: Partial<Record<QueueName, number>> = {};
  for (const { queue, held } of consumers) sums[queue] = (sums[queue] ?? 0) + held;
  return sums;
}
