import type { QueueName } from "../../../contracts/topology.ts";
import type { BatchHandler, Bus, ConsumeOptions, Delivery } from "../../../shared/bus/port.ts";
import { eventually } from "../../support/wait.ts";

/** The options that most consumers use. */
export const BATCHES: ConsumeOptions = { maxBatch: 200, prefetch: 400 };
export const SINGLE: ConsumeOptions = { maxBatch: 1, prefetch: 2 };

export const bytes = (value: string) => new TextEncoder().encode(value);
export const text = (value: Uint8Array) => new TextDecoder().decode(value);
export const numbered = (count: number) =>
  Array.from({ length: count }, (_, i) => `m${String(i).padStart(5, "0")}`);

/** Consumes a queue and keeps the deliveries of every batch for which `before` does not throw. */
export function collect(bus: Bus, queue: QueueName, options = BATCHES, before?: BatchHandler) {
  const deliveries: Delivery[] = [];
  const consumer = bus.consume(queue, options, async (batch, signal) => {
    await before?.(batch, signal);
    deliveries.push(...batch);
  });
  return {
    deliveries,
    texts: () => deliveries.map(({ body }) => text(body)),
    has: (count: number) =>
      eventually(
        () => {
          if (deliveries.length < count) throw new Error(`there are ${deliveries.length}`);
          return true;
        },
        { what: `${count} messages of ${queue}`, everyMs: 5 },
      ),
    stop: () => consumer.stop(),
  };
}
