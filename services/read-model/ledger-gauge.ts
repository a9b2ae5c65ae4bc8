import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { Metrics } from "../../shared/metrics.ts";
import type { LedgerBook } from "./ledger.ts";

const EVERY_MS = 30_000;
/** Of a large store it takes long: it rests so many times longer than it took. */
const REST = 20;
const SETTLE_MS = 5_000;

export interface LedgerGaugeOptions {
  readonly ledger: LedgerBook;
  readonly log: Log;
  readonly stopping: AbortSignal;
  /** Milliseconds from one computation to the next at least. */
  readonly everyMs?: number;
}

/**
 * What the ledger accuses, for Prometheus. Computed only where somebody scrapes, who is not kept waiting: a scrape
 * returns what the previous computation found, and begins the next one when that is due.
 */
export function registerLedgerGauge(
  metrics: Metrics,
  { ledger, log, stopping, everyMs = EVERY_MS }: LedgerGaugeOptions,
): void {
  let dueAt = 0;
  const gauge = metrics.gauge(
    "observatory_ledger_jobs",
    "Jobs that the ledger accuses, by verdict; all must be 0",
    ["verdict"],
    () => {
      if (performance.now() < dueAt || stopping.aborted) return;
      dueAt = Number.POSITIVE_INFINITY;
      void compute();
    },
  );

  const onlyDeadLetters = metrics.gauge(
    "observatory_jobs_only_dead_letters",
    "Accepted jobs that never became a row and whose dead letter waits for a person",
  );
  onlyDeadLetters.remove(); // Not known before the first computation.

  async function compute(): Promise<void> {
    const startedAt = performance.now();
    // A computation that failed says nothing about what one costs, so it is tried again soon.
    let restMs = everyMs;
    try {
      const found = await ledger.compute(SETTLE_MS);
      for (const verdict of ["lost", "unobserved", "duplicated"] as const)
        gauge.set({ verdict }, found[verdict].count);
      onlyDeadLetters.set(found.onlyDeadLetters?.count ?? 0);
      restMs = Math.max(everyMs, REST * (performance.now() - startedAt));
    } catch (error) {
      gauge.reset(); // Not known now, which `engine_up` tells: absent, not stale.
      onlyDeadLetters.remove();
      log.debug("The ledger cannot be computed now", { reason: messageOf(error) });
    }
    dueAt = performance.now() + restMs;
  }
}
