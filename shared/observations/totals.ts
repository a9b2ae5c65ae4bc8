import { type Digest, summaryOf } from "./latency-digest.ts";
import { COUNTERS, type CounterName, type Totals } from "./port.ts";

/** Converts the all-time numbers to the port's shape. `lastEventAt` is in milliseconds since 1970. */
export function totalsOf(kept: {
  readonly counters: ReadonlyMap<string, number>;
  readonly lastEventAt: number | undefined;
  readonly execution: Digest;
  readonly queueWait: Digest;
}): Totals {
  const counters = Object.fromEntries(COUNTERS.map((name) => [name, kept.counters.get(name) ?? 0]));
  return {
    counters: counters as Record<CounterName, number>,
    lastEventAt: kept.lastEventAt === undefined ? null : new Date(kept.lastEventAt).toISOString(),
    execution: summaryOf(kept.execution),
    queueWait: summaryOf(kept.queueWait),
  };
}
