import type { EventSpan, LedgerSums, ObservationReader } from "../../shared/observations/port.ts";
import type { Contradiction, Ended, LedgerQueries, LedgerRow, StoreSums } from "./ledger-queries.ts";

/** Maximum number of events or ids in one query. */
const CHUNK = 1_000;
/** Maximum number of jobs that are accused (named as lost, unobserved or duplicated), per span and verdict. */
export const MAX_ACCUSED = 10_000;

export const VERDICTS = ["lost", "unobserved", "duplicated"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** The ledger's result for one span of time; `ledger-account.ts` adds up the spans and says whether they balance. */
export interface Judgment {
  readonly accepted: number;
  readonly deadLettered: number;
  /**
   * Transitions into each terminal status (ends), minus transitions out of it. A second end of the same run does not
   * count.
   */
  readonly net: Readonly<Record<Ended, number>>;
  /** How many jobs and ends are in the job store, the event store or both. */
  readonly known: { readonly jobs: number; readonly ends: number };
  /** How many of `known` are in the job store, or were before they were pruned. */
  readonly solid: { readonly jobs: number; readonly ends: number };
  /**
   * Events that the job store cannot account for and whose jobs cannot be named, because it no longer has the ids of
   * some pruned jobs.
   */
  readonly unnamed: number;
  readonly store: StoreSums;
  readonly accused: Readonly<Record<Verdict, ReadonlySet<string>>>;
}

export interface JudgeParts {
  readonly queries: LedgerQueries;
  readonly observations: Pick<
    ObservationReader,
    "ledgerSums" | "createdEvents" | "terminalEvents" | "storedIds"
  >;
  readonly signal: AbortSignal;
}

/**
 * Compares what the job store and the event store hold for one span:
 *
 * 1. *Accepted*: each `job.created` event must have a row or a dead letter in the job store, otherwise its job is
 * **lost**. Each row must have a `job.created` event, otherwise its job is **unobserved**.
 * 2. *Outcomes*: each terminal event must belong to a transition in the job store. Otherwise its job has an outcome
 * that the job store does not know: the job is **duplicated**, or **lost** if the job itself is unknown. Each end in
 * the job store must have an event, otherwise its job is **unobserved**.
 * 3. *Contradictions*: a job is **duplicated** if one of its runs has two ends or if its row contradicts an end.
 *
 * Ids are compared one by one only when the sums of the two stores differ. Events are read before the rows they are
 * compared with, and an id missing from a store's records of the span is looked up in that store regardless of time. A
 * job that is stored between the two reads is therefore not accused. Memory holds all rows of the span, so the caller
 * must limit the size of a span.
 */
export async function judge(parts: JudgeParts, span: EventSpan): Promise<Judgment> {
  const { queries, observations } = parts;
  const events = await observations.ledgerSums(span);
  const [store, contradictions] = await Promise.all([
    queries.sums(span),
    queries.contradictions(span, MAX_ACCUSED),
  ]);
  const accused = { lost: new Set<string>(), unobserved: new Set<string>(), duplicated: new Set<string>() };
  const accuse = (verdict: Verdict, jobId: string) => {
    if (accused[verdict].size < MAX_ACCUSED) accused[verdict].add(jobId);
  };

  for (const { jobId } of contradictions) accuse("duplicated", jobId);
  const same = (one: LedgerSums["created"], other: StoreSums["rows"]) =>
    one.count === other.count && one.check === other.check;
  const accepted = same(events.created, store.rows)
    ? { missing: 0, unnamed: 0, deadLettered: 0, returned: 0, unseen: 0 }
    : await compareAccepted(parts, span, store.pruned.rows, accuse);
  const ended = same(events.ended, store.ends)
    ? { missing: 0, unnamed: 0, unseen: 0 }
    : await compareOutcomes(parts, span, store.pruned.ends, accuse);

  const created = events.created.count - accepted.returned;
  const known = {
    jobs: created + accepted.unseen,
    ends: events.ended.count + ended.unseen,
  };
  return {
    accepted: created,
    deadLettered: accepted.deadLettered,
    net: withoutSecondEnds(store.net, contradictions),
    known,
    solid: { jobs: known.jobs - accepted.missing, ends: known.ends - ended.missing },
    // A lost job may lack both its row and the end that the row implied, so adding the two would count it twice.
    unnamed: Math.max(accepted.unnamed, ended.unnamed),
    store,
    accused,
  };
}

/** Judges a span whose events have been pruned, from the job store alone. */
export async function judgeByStoreAlone(queries: LedgerQueries, span: EventSpan): Promise<Judgment> {
  const store = await queries.sums(span);
  const { rows, ends, net } = store;
  return {
    accepted: rows.count,
    deadLettered: 0,
    net,
    known: { jobs: rows.count, ends: ends.count },
    solid: { jobs: rows.count, ends: ends.count },
    unnamed: 0,
    store,
    accused: { lost: new Set(), unobserved: new Set(), duplicated: new Set() },
  };
}

type Accuse = (verdict: Verdict, jobId: string) => void;

async function compareAccepted(
  { queries, observations, signal }: JudgeParts,
  span: EventSpan,
  prunedRows: number,
  accuse: Accuse,
) {
  let deadLettered = 0;
  const suspects = createSuspects(prunedRows);
  const unseen = byEvent(await queries.rows(span));
  for await (const chunk of observations.createdEvents(span, CHUNK)) {
    signal.throwIfAborted();
    const unmatched = chunk.filter(({ eventId }) => !unseen.delete(eventId));
    if (unmatched.length === 0) continue;
    const fates = await queries.fates(unmatched);
    for (const [i, { jobId }] of unmatched.entries()) {
      if (fates[i] === "deadLettered") deadLettered++;
      else if (fates[i] === "pruned") suspects.clear();
      else if (fates[i] == null) suspects.add("lost", jobId);
    }
  }
  const { missing, unnamed } = suspects.accuse(accuse);
  const unseenCount = await accuseUnseen({ observations, signal }, unseen, accuse);
  return { missing, unnamed, deadLettered, returned: suspects.returned(), unseen: unseenCount };
}

async function compareOutcomes(
  { queries, observations, signal }: JudgeParts,
  span: EventSpan,
  prunedEnds: number,
  accuse: Accuse,
) {
  const suspects = createSuspects(prunedEnds);
  const unseen = byEvent(await queries.ends(span));
  for await (const chunk of observations.terminalEvents(span, CHUNK)) {
    signal.throwIfAborted();
    const unmatched = chunk.filter(({ eventId }) => !unseen.delete(eventId));
    if (unmatched.length === 0) continue;
    const fates = await queries.outcomes(unmatched);
    for (const [i, { jobId }] of unmatched.entries()) {
      if (fates[i]?.move) continue;
      if (fates[i]?.pruned) suspects.clear();
      else suspects.add(fates[i]?.job ? "duplicated" : "lost", jobId);
    }
  }
  const { missing, unnamed } = suspects.accuse(accuse);
  return { missing, unnamed, unseen: await accuseUnseen({ observations, signal }, unseen, accuse) };
}

/**
 * Collects a span's events that have no match in the job store, because their jobs are missing or were pruned. `pruned`
 * is how many of the span's jobs or ends were pruned. If the job store no longer has the ids of all pruned jobs,
 * missing and pruned jobs cannot be told apart. The number of missing jobs is still known: the unmatched events minus
 * the pruned jobs whose ids are gone.
 */
function createSuspects(pruned: number) {
  const found: { verdict: Verdict; jobId: string }[] = [];
  let count = 0;
  let remembered = 0;
  return {
    /** Notes that an unmatched event belongs to a job recorded as pruned, which is therefore not suspect. */
    clear(): void {
      remembered++;
    },
    add(verdict: Verdict, jobId: string): void {
      count++;
      if (found.length < MAX_ACCUSED) found.push({ verdict, jobId });
    },
    /**
     * Counts jobs that were pruned from other spans and accepted again in this one, after their events had been pruned.
     */
    returned: () => Math.max(0, remembered - pruned),
    accuse(accuse: Accuse): { missing: number; unnamed: number } {
      const forgotten = Math.max(0, pruned - remembered);
      const named = found.filter(({ verdict }) => forgotten === 0 || verdict === "duplicated");
      for (const { verdict, jobId } of named) accuse(verdict, jobId);
      const missing = Math.max(0, count - forgotten);
      return { missing, unnamed: Math.max(0, missing - named.length) };
    },
  };
}

const byEvent = (rows: readonly LedgerRow[]) => new Map(rows.map(({ jobId, eventId }) => [eventId, jobId]));

/**
 * Takes rows whose event is missing from the span, and accuses the jobs whose event is not stored at any other time
 * either. Returns the number of these rows.
 */
async function accuseUnseen(
  { observations, signal }: Pick<JudgeParts, "observations" | "signal">,
  unseen: ReadonlyMap<string, string>,
  accuse: Accuse,
): Promise<number> {
  const open = [...unseen];
  let count = 0;
  for (let start = 0; start < open.length; start += CHUNK) {
    signal.throwIfAborted();
    const part = open.slice(start, start + CHUNK);
    const stored = await observations.storedIds(part.map(([eventId, jobId]) => ({ eventId, jobId })));
    for (const [eventId, jobId] of part) {
      if (stored.has(eventId)) continue;
      count++;
      accuse("unobserved", jobId);
    }
  }
  return count;
}

function withoutSecondEnds(
  net: StoreSums["net"],
  contradictions: readonly Contradiction[],
): StoreSums["net"] {
  const counted = { ...net };
  for (const { status, second } of contradictions) if (second) counted[status]--;
  return counted;
}
