import type { Ledger, SettleMs } from "../../contracts/api-queries.ts";
import { createAccount } from "./ledger-account.ts";
import { type Bounds, isForgotten } from "./ledger-bounds.ts";
import { type JudgeParts, judge } from "./ledger-judge.ts";
import { type LedgerKeeper, STEP_JOBS } from "./ledger-keeper.ts";
import type { LedgerSeals, SealedSums } from "./ledger-seals.ts";
import { waitingFor } from "./ledger-waiting.ts";

/**
 * Maximum number of accused jobs (lost, unobserved or duplicated) or of dead letters to read. The account deduplicates
 * 10,000 ids; one more shows that there are further ones.
 */
const MAX_NAMED = 10_001;
/** How long a call lets the keeper seal spans that are ready, before it computes the ledger. */
const ADVANCE_MS = 50;

/*
 * The ledger's parts: `ledger-queries` reads the job store, `ledger-judge` compares a span with the events,
 * `ledger-seals` stores judged spans, `ledger-keeper` decides which span is next, `ledger-account` adds spans up and
 * says whether they balance, `ledger-watermark` and `ledger-waiting` determine how far the ledger reaches and what
 * holds it back, `ledger-audit` exposes audits of sealed spans, and `ledger-gauge` exports the result as metrics.
 */

export interface LedgerOptions extends JudgeParts {
  readonly seals: LedgerSeals;
  readonly keeper: LedgerKeeper;
  readonly bounds: () => Promise<Bounds>;
  readonly onComputed?: (seconds: number) => void;
}

/**
 * Balances accepted jobs by id, below a watermark (see `watermarkOf`): compares the job store with the event store, one
 * span of time after another, and seals (stores) the results of older spans. A call adds up the sealed spans and judges
 * only the open span after them, so it does not slow down as the ledger grows. When sealing is far behind, as after an
 * upgrade, one call cannot judge everything after the seals; the watermark then moves back to the end of the part that
 * it can judge. Computations run one at a time; concurrent callers with the same settle time share one.
 */
export function createLedger(options: LedgerOptions) {
  const waiting = new Map<SettleMs, Promise<Ledger>>();
  let tail: Promise<unknown> = Promise.resolve();

  return {
    /** Rejects with STORE_UNAVAILABLE. At most one computation per settle time waits. */
    compute(settleMs: SettleMs): Promise<Ledger> {
      const shared = waiting.get(settleMs);
      if (shared) return shared;
      const mine = tail.then(() => compute(options, settleMs)).finally(() => waiting.delete(settleMs));
      waiting.set(settleMs, mine);
      // Callers receive a failure through `mine`. The next computation only waits until this one has ended, so `tail`
      // ignores the failure.
      tail = mine.catch(() => undefined);
      return mine;
    },
  };
}
export type LedgerBook = ReturnType<typeof createLedger>;

async function compute(options: LedgerOptions, settleMs: number): Promise<Ledger> {
  const { queries, seals, keeper, bounds, onComputed } = options;
  const startedAt = performance.now();
  await keeper.advance(ADVANCE_MS);
  const [found, live, deadLetters, onlyDeadLetters] = await Promise.all([
    bounds(),
    queries.live(),
    queries.openDeadLetters(),
    queries.onlyDeadLetters(MAX_NAMED),
  ]);
  // The watermark must not fall behind the seals when pruning removes the newest records of the job store or the event
  // store.
  const head = (await seals.head()).getTime();
  const wanted = new Date(Math.max(found.watermark(settleMs).getTime(), head - settleMs));
  const sealed = await seals.sums(wanted);
  const watermark = await reachOf(options, found, sealed, wanted);

  const account = createAccount();
  account.addSealed(sealed, await seals.accused(watermark, MAX_NAMED));
  const from = sealed.until ?? new Date(0);
  if (from < watermark) account.add(await judge(options, { from, before: watermark }));
  onComputed?.((performance.now() - startedAt) / 1_000);
  return account.close({
    watermark,
    wanted,
    from: sealed.unwitnessedUntil,
    now: found.now,
    settleMs,
    newestAt: Math.max(
      found.lastEventAt ?? 0,
      found.store.newestJobAt ?? 0,
      found.store.newestDeadLetterAt ?? 0,
    ),
    waitingFor: waitingFor(found.now.getTime(), found.bounds, live),
    live: live.waiting + live.executing,
    deadLetters,
    onlyDeadLetters,
  });
}

/** Returns the time up to which one call judges the open span after the seals. */
async function reachOf(
  { queries }: LedgerOptions,
  { eventsFrom }: Bounds,
  { until }: SealedSums,
  wanted: Date,
): Promise<Date> {
  const from = until ?? new Date(0);
  if (isForgotten(from, eventsFrom)) return from < wanted ? from : wanted;
  return (from < wanted && (await queries.spanEnd({ from, before: wanted }, STEP_JOBS))) || wanted;
}
