import { pause } from "../../shared/async.ts";
import type { Duty } from "../../shared/duty.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { EventSpan, ObservationReader } from "../../shared/observations/port.ts";
import { createSharedCall } from "../../shared/shared-call.ts";
import { type Bounds, isForgotten } from "./ledger-bounds.ts";
import { type JudgeParts, type Judgment, judge, judgeByStoreAlone } from "./ledger-judge.ts";
import type { LedgerSeals, Seal, Seen } from "./ledger-seals.ts";

/**
 * Maximum number of job rows, and of transitions to a final status, that one step compares with the events. Comparing
 * that many takes about 50 ms, which a request can wait for.
 */
export const STEP_JOBS = 5_000;
/** Nothing is sealed until at least this much time has accumulated after the last seal. */
const MIN_SPAN_MS = 1_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Interval between steps while nothing is due. */
const EVERY_MS = 5_000;
/**
 * To limit the load on the stores, the keeper pauses for `REST` times the duration of a due step, and for `LONG_REST`
 * times the duration of a routine check.
 */
const REST = 3;
const LONG_REST = 20;
/**
 * A seal that accuses jobs (of being lost, unobserved or duplicated) is judged again this long after it was last
 * judged.
 */
const AGAIN_MS = 2_000;

export interface KeeperOptions extends JudgeParts {
  readonly seals: LedgerSeals;
  readonly observations: JudgeParts["observations"] & Pick<ObservationReader, "lateEvents">;
  readonly bounds: () => Promise<Bounds>;
}

/** The result of a step. After `due` work the next step should follow soon; `routine` work is not urgent. */
type Step = "due" | "routine" | "nothing";

/**
 * Seals the ledger in bounded steps: it judges past spans of time, that is, compares the job store with the event
 * store, and stores each result as a seal. A step first judges again one reopened seal, whose jobs or events have
 * changed since. It then seals the next span, unless the rest before the horizon, the time up to which spans may be
 * sealed, is too short. If it did neither, it judges one other seal again, alternating between seals that accuse jobs,
 * seals that an audit has not reached and seals that have not been checked for a day. The keeper holds no transaction
 * while it judges, and writes each result in one statement, so it may be killed at any point, and any number of keepers
 * may run at once.
 */
export function createLedgerKeeper(options: KeeperOptions) {
  const { seals, queries, observations, bounds } = options;
  let turn = 0;

  async function seenOf(span: EventSpan, late: ReadonlyMap<number, number>): Promise<Seen> {
    return { xid: await seals.seen(), late: lateIn(span, late) };
  }

  function decide(span: EventSpan, eventsFrom: Date): Promise<Judgment> {
    return isForgotten(span.from, eventsFrom) ? judgeByStoreAlone(queries, span) : judge(options, span);
  }

  /** Seals the next span. Resolves to false if no span is left below the horizon or another read-model was quicker. */
  async function sealNext({ horizon, eventsFrom }: Bounds, late: ReadonlyMap<number, number>) {
    const from = await seals.head();
    const forgotten = isForgotten(from, eventsFrom);
    const before = forgotten && eventsFrom < horizon ? eventsFrom : horizon;
    if (before.getTime() - from.getTime() < MIN_SPAN_MS) return false;
    const cut = await queries.spanEnd({ from, before }, STEP_JOBS);
    const span = { from, before: cut ? afterAtLeast(from, cut) : before };
    const seen = await seenOf(span, late);
    return seals.seal(span, await decide(span, eventsFrom), !forgotten, seen);
  }

  /**
   * Judges a sealed span again. A job or an outcome that the job store or the event store had before, and that neither
   * has now, counts as vanished.
   */
  async function judgeAgain(seal: Seal, eventsFrom: Date, late: ReadonlyMap<number, number>): Promise<void> {
    const seen = await seenOf(seal, late);
    const judgment = await decide(seal, eventsFrom);
    if (isForgotten(seal.from, eventsFrom)) {
      const { rows, ends } = judgment.store;
      const vanished = Math.max(0, seal.rows - rows.count) + Math.max(0, seal.rowEnds - ends.count);
      return seals.resealWithoutEvents(seal, vanished, seen);
    }
    const { known, unnamed } = judgment;
    const vanished =
      unnamed + Math.max(0, seal.solidJobs - known.jobs) + Math.max(0, seal.solidEnds - known.ends);
    return seals.reseal(seal, judgment, vanished, seen);
  }

  async function nextForAudit(): Promise<Seal | undefined> {
    const audit = await seals.openAudit();
    if (!audit) return undefined;
    const seal = await seals.oldest(audit.requestedAt);
    if (!seal) await seals.endAudit(audit.id);
    return seal;
  }

  async function step(found: Bounds): Promise<Step> {
    const late = await observations.lateEvents();
    const reopened = await seals.reopened(late);
    if (reopened) await judgeAgain(reopened, found.eventsFrom, late);
    if (await sealNext(found, late)) return "due";
    if (reopened) return "due";
    const now = found.now.getTime();
    const due = [await seals.unbalanced(new Date(now - AGAIN_MS)), await nextForAudit()];
    const wanted = [...due, await seals.oldest(new Date(now - DAY_MS))].filter((seal) => seal !== undefined);
    // Seals that accuse jobs are due again every few seconds. If the kinds of checks did not take turns, many such
    // seals would starve the other kinds.
    const seal = wanted[turn++ % wanted.length];
    if (!seal) return "nothing";
    await judgeAgain(seal, found.eventsFrom, late);
    return due.some((one) => one !== undefined) ? "due" : "routine";
  }

  const shared = createSharedCall(async () => step(await bounds()));

  async function workThrough(over: AbortSignal): Promise<void> {
    while ((await shared.get()) === "due" && !over.aborted);
  }

  return {
    /** Runs due steps for at most `forMs`. A step still in progress then finishes in the background. */
    async advance(forMs: number): Promise<void> {
      const over = new AbortController();
      const working = workThrough(over.signal);
      // If a step fails after `forMs`, the caller no longer waits for it. Its failure is ignored here, because the next
      // step will run into it again.
      working.catch(() => undefined);
      await Promise.race([working, pause(forMs, over.signal)]).finally(() => over.abort());
    },

    /** Runs until `signal` aborts. */
    async run({ log, duty }: { log: Log; duty: Duty }, signal: AbortSignal): Promise<void> {
      duty.begin();
      let mergedAt = 0;
      while (!signal.aborted) {
        let restMs = EVERY_MS;
        const startedAt = performance.now();
        try {
          const done = await shared.get();
          const tookMs = performance.now() - startedAt;
          if (done === "due") restMs = Math.min(MINUTE_MS, REST * tookMs);
          if (done === "routine") restMs = Math.max(EVERY_MS, LONG_REST * tookMs);
          if (startedAt - mergedAt > MINUTE_MS) {
            mergedAt = startedAt;
            const { now, eventsFrom } = await bounds();
            await seals.merge(now, eventsFrom);
            await seals.forgetMarks();
          }
          duty.done();
        } catch (error) {
          duty.failed(messageOf(error));
          log.debug("Could not seal the ledger", { reason: messageOf(error) });
        }
        await pause(restMs, signal);
      }
    },
  };
}
export type LedgerKeeper = ReturnType<typeof createLedgerKeeper>;

/** Adds up the numbers of late events (recorded long after they occurred) in the minutes that a span overlaps. */
export function lateIn({ from, before }: EventSpan, late: ReadonlyMap<number, number>): number {
  let sum = 0;
  for (const [minute, count] of late)
    if (minute * MINUTE_MS < before.getTime() && (minute + 1) * MINUTE_MS > from.getTime()) sum += count;
  return sum;
}

/** Returns `cut`, or a millisecond (the resolution of event times) after `from` if that is later. */
function afterAtLeast(from: Date, cut: Date): Date {
  return new Date(Math.max(from.getTime() + 1, cut.getTime()));
}
