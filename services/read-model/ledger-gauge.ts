import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { Metrics } from "../../shared/metrics.ts";
import type { LedgerBook } from "./ledger.ts";

const EVERY_MS = 30_000;
/**
 * After a computation, the pause is at least this many times as long as the computation took. On a large store a
 * computation is slow, so shorter pauses would keep the engines busy.
 */
const REST = 20;
const SETTLE_MS = 5_000;

export interface LedgerGaugeOptions {
  readonly ledger: LedgerBook;
  readonly log: Log;
  readonly stopping: AbortSignal;
  /** Minimum milliseconds from one computation to the next. */
  readonly everyMs?: number;
}

/**
 * Exports to Prometheus how many jobs the ledger reports as lost, unobserved or duplicated. Computes these numbers only
 * when scraped. A scrape never waits: it returns the result of the previous computation and starts the next one if that
 * is due.
 */
export function registerLedgerGauge(
  metrics: Metrics,
  { ledger, log, stopping, everyMs = EVERY_MS }: LedgerGaugeOptions,
): void {
  let dueAt = 0;
  const gauge = metrics.gauge(
    "observatory_ledger_jobs",
    "Jobs that the ledger reports as lost, unobserved or duplicated, by verdict; all must be 0",
    ["verdict"],
    () => {
      if (performance.now() < dueAt || stopping.aborted) return;
      dueAt = Number.POSITIVE_INFINITY;
      void compute();
    },
  );

  const onlyDeadLetters = metrics.gauge(
    "observatory_jobs_only_dead_letters",
    "Accepted jobs that never became a row and whose dead letter has not been dropped",
  );
  onlyDeadLetters.remove(); // The value is unknown before the first computation.

  async function compute(): Promise<void> {
    const startedAt = performance.now();
    // A failed computation says nothing about the cost of a successful one, so it is retried soon.
    let restMs = everyMs;
    try {
      const found = await ledger.compute(SETTLE_MS);
      for (const verdict of ["lost", "unobserved", "duplicated"] as const)
        gauge.set({ verdict }, found[verdict].count);
      onlyDeadLetters.set(found.onlyDeadLetters?.count ?? 0);
      restMs = Math.max(everyMs, REST * (performance.now() - startedAt));
    } catch (error) {
      gauge.reset(); // The value is unknown while an engine is down, so it is absent rather than stale.
      onlyDeadLetters.remove();
      log.debug("Could not compute the ledger", { reason: messageOf(error) });
    }
    dueAt = performance.now() + restMs;
  }
}
