import type { Ledger } from "../../../contracts/api-queries.ts";
import type { ApiClient } from "../../../shared/api-client/client.ts";
import { pause } from "../../../shared/async.ts";
import type { LedgerCheck } from "../outputs.ts";

const MAX_SHOWN = 100;
const POLL_EVERY_MS = 500;
const PATIENCE_MS = 30_000;

/**
 * Checks the accepted ids against the ledger, which compares the observed events with the job store. First polls for
 * up to half a minute until the ledger covers all of these ids and balances. Does not require that the ledger has
 * settled, because it may never settle while other clients keep submitting jobs.
 */
export async function checkLedger(
  client: ApiClient,
  accepted: ReadonlySet<string>,
  open: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<LedgerCheck> {
  const ledger = await ledgerUntil(Date.now(), client, signal);
  const { lost, unobserved, duplicated, balanced } = ledger;
  const named = [...lost.ids, ...unobserved.ids, ...duplicated.ids].filter((id) => accepted.has(id));
  return {
    balanced,
    accused: [...new Set([...open, ...named])].slice(0, MAX_SHOWN),
    lost: lost.count,
    unobserved: unobserved.count,
    duplicated: duplicated.count,
  };
}

async function ledgerUntil(time: number, client: ApiClient, signal: AbortSignal): Promise<Ledger> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    const ledger = await client.readModel.ledger({ query: { settleMs: 0 } }, { signal });
    const judges = ledger.settled || Date.parse(ledger.watermark) > time;
    if ((judges && ledger.balanced) || performance.now() > giveUpAt) return ledger;
    await pause(POLL_EVERY_MS, signal);
    signal.throwIfAborted();
  }
}
