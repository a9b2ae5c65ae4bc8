import { expect, test } from "bun:test";
import type { Ledger } from "../../contracts/api-queries.ts";
import { AppError } from "../../shared/errors.ts";
import { createLog } from "../../shared/log.ts";
import { createMetrics } from "../../shared/metrics.ts";
import { createAccount } from "./ledger-account.ts";
import { registerLedgerGauge } from "./ledger-gauge.ts";
import { judged } from "./testing/judged.ts";

const log = createLog({ service: "test", level: "silent" });
const id = "01a2b3c4-0000-7000-8000-000000000001";

function scraped(everyMs: number) {
  const metrics = createMetrics("read-model");
  const stopping = new AbortController();
  const calls: { resolve(ledger: Ledger): void; reject(error: Error): void }[] = [];
  const compute = () =>
    new Promise<Ledger>((resolve, reject) => {
      calls.push({ resolve, reject });
    });
  registerLedgerGauge(metrics, { ledger: { compute }, log, everyMs, stopping: stopping.signal });
  return {
    calls,
    stopping,
    async values() {
      const { values } = (await metrics.registry.getSingleMetric("observatory_ledger_jobs")?.get()) ?? {};
      return Object.fromEntries((values ?? []).map(({ labels, value }) => [labels.verdict, value]));
    },
  };
}

function ledgerThatAccuses(): Ledger {
  const account = createAccount();
  account.add(judged({ accused: { lost: [id] } }));
  return account.close({
    watermark: new Date(),
    wanted: new Date(),
    from: null,
    now: new Date(),
    settleMs: 5_000,
    newestAt: 0,
    waitingFor: [],
    live: 0,
    deadLetters: 0,
    onlyDeadLetters: [],
  });
}

test("a scrape returns the previous computation's result, and only one computation runs at a time", async () => {
  const { calls, values } = scraped(0);
  expect(await values()).toEqual({});
  expect(await values()).toEqual({});
  expect(calls).toHaveLength(1);
  calls[0]!.resolve(ledgerThatAccuses());
  await Bun.sleep(0);
  expect(await values()).toEqual({ lost: 1, unobserved: 0, duplicated: 0 });
});

test("the ledger is computed again after a pause, and the gauge has no values if that fails", async () => {
  const { calls, values } = scraped(0);
  await values();
  calls[0]!.resolve(ledgerThatAccuses());
  await Bun.sleep(0);
  // The pause before the next computation is a multiple of the time that the first computation took, so keep scraping
  // until a second one begins.
  for (const until = performance.now() + 5_000; calls.length < 2 && performance.now() < until; )
    await values();
  calls[1]!.reject(new AppError("STORE_UNAVAILABLE", "PostgreSQL does not answer"));
  await Bun.sleep(0);
  expect(await values()).toEqual({});
});

test("the ledger is computed no more often than configured, and not while the service stops", async () => {
  const { calls, values } = scraped(60_000);
  await values();
  calls[0]!.resolve(ledgerThatAccuses());
  await Bun.sleep(0);
  for (let n = 0; n < 5; n++) await values();
  expect(calls).toHaveLength(1);

  const stopped = scraped(0);
  stopped.stopping.abort();
  await stopped.values();
  expect(stopped.calls).toHaveLength(0);
});
