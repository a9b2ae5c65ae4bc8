import type { Ledger, SettleMs } from "../../contracts/api-queries.ts";
import type { ObservationReader } from "../../shared/observations/port.ts";
import type { Position } from "./cursor.ts";
import { type Account, createAccount } from "./ledger-account.ts";
import { type Buckets, createBuckets } from "./ledger-buckets.ts";
import type { LedgerQueries, Span } from "./ledger-queries.ts";
import { waitingFor } from "./ledger-waiting.ts";
import { watermarkOf } from "./ledger-watermark.ts";

const CHUNK = 1_000;
/** Pruning may be ahead of the retention by its own interval and the length of this computation. */
const RETENTION_MARGIN_MS = 5 * 60_000;
/** More than the account remembers. */
const MAX_TWICE = 10_001;

export interface LedgerOptions {
  readonly queries: LedgerQueries;
  readonly observations: ObservationReader;
  readonly retentionMs: number;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  readonly onComputed?: (seconds: number) => void;
}

/**
 * The balance of accepted jobs by id, below a watermark (see `watermarkOf`). Passes over streams that hold one chunk,
 * counts and the accused at a time:
 *
 * 1. *Accepted*: each stored `job.created` has a row or a dead letter, else its job is **lost**.
 * 2. *Outcomes*: each stored terminal event is the one of a transition, else its job was given an outcome that the job
 *    store does not know: **duplicated**, or **lost** where the job itself is unknown.
 * 3. *Rows*: of each row, `job.created` and the event of its outcome are stored, else it is **unobserved**. What the
 *    first passes met is counted in buckets; only where the store counts another number are ids looked up one by one.
 *    Rows that are older than the event store's memory are left out.
 * 4. Two outcomes of one run in the store make a job **duplicated**.
 *
 * Rows are read after the events that they are compared with, and ids of rows are looked up after the rows were read,
 * so that what arrives meanwhile is not accused. One computation runs at a time; callers that want the same
 * meanwhile share it.
 */
export function createLedger(options: LedgerOptions) {
  const waiting = new Map<SettleMs, Promise<Ledger>>();
  let tail: Promise<unknown> = Promise.resolve();

  return {
    /** Rejects with STORE_UNAVAILABLE. There are only so many settle times, so only so many wait. */
    compute(settleMs: SettleMs): Promise<Ledger> {
      const shared = waiting.get(settleMs);
      if (shared) return shared;
      const mine = tail.then(() => compute(options, settleMs)).finally(() => waiting.delete(settleMs));
      waiting.set(settleMs, mine);
      // Its callers receive the failure; the next computation only waits for its end.
      tail = mine.catch(() => undefined);
      return mine;
    },
  };
}
export type LedgerBook = ReturnType<typeof createLedger>;

async function compute(options: LedgerOptions, settleMs: number): Promise<Ledger> {
  const { queries, observations, retentionMs, now, onComputed } = options;
  const startedAt = performance.now();
  const [store, live, deadLetters, totals, snapshot] = await Promise.all([
    queries.progress(),
    queries.live(),
    queries.openDeadLetters(),
    observations.totals(),
    observations.latestSnapshot(),
  ]);
  const lastEventAt = totals.lastEventAt === null ? null : Date.parse(totals.lastEventAt);
  const at = now();
  const { watermark: before, bounds } = watermarkOf(
    { ...store, now: at.getTime(), snapshot, lastEventAt },
    settleMs,
  );
  const span = { from: new Date(at.getTime() - retentionMs + RETENTION_MARGIN_MS), before };

  const account = createAccount();
  const [created, ended] = await together(options.signal, (signal) => [
    followAccepted({ ...options, signal }, account, span),
    followOutcomes({ ...options, signal }, account, span),
  ]);
  const counts = await queries.buckets(span);
  const suspect = created.differing(counts.rows).union(ended.differing(counts.outcomes));
  if (suspect.size > 0) await lookUp(options, account, span, suspect);
  for (const jobId of await queries.givenTwoOutcomes(MAX_TWICE)) account.accuse("duplicated", jobId);
  const onlyDeadLetters = await queries.onlyDeadLetters(MAX_TWICE);
  onComputed?.((performance.now() - startedAt) / 1_000);
  return account.close({
    watermark: before,
    from: span.from,
    now: at,
    settleMs,
    newestAt: Math.max(lastEventAt ?? 0, store.newestJobAt ?? 0, store.newestDeadLetterAt ?? 0),
    waitingFor: waitingFor(at.getTime(), bounds, live),
    live: live.waiting + live.executing,
    deadLetters,
    onlyDeadLetters,
  });
}

/** Both, at the same time; when one fails, the other ends before this does. */
async function together<A, B>(
  signal: AbortSignal,
  begin: (signal: AbortSignal) => [Promise<A>, Promise<B>],
): Promise<[A, B]> {
  const failed = new AbortController();
  const both = begin(AbortSignal.any([signal, failed.signal]));
  for (const one of both) one.catch((error: unknown) => failed.abort(error));
  await Promise.allSettled(both);
  return await Promise.all(both);
}

async function followAccepted(
  { queries, observations, signal }: LedgerOptions,
  account: Account,
  span: Span,
): Promise<Buckets> {
  const met = createBuckets();
  for await (const chunk of observations.createdEvents(span.before, CHUNK)) {
    signal.throwIfAborted();
    const fates = await queries.fates(chunk, span);
    chunk.forEach(({ jobId }, i) => {
      const found = fates[i];
      if (found?.fate) account.accept(found.fate);
      else account.acceptLost(jobId);
      if (found?.inSpan) met.add(jobId);
    });
  }
  return met;
}

async function followOutcomes(
  { queries, observations, signal }: LedgerOptions,
  account: Account,
  span: Span,
): Promise<Buckets> {
  const met = createBuckets();
  for await (const chunk of observations.terminalEvents(span.before, CHUNK)) {
    signal.throwIfAborted();
    const fates = await queries.outcomes(chunk, span);
    chunk.forEach(({ jobId }, i) => {
      const found = fates[i];
      if (!found?.job) account.accuse("lost", jobId);
      else if (!found.move) account.accuse("duplicated", jobId);
      if (found?.inSpan) met.add(jobId);
    });
  }
  return met;
}

async function lookUp(
  { queries, observations, signal }: LedgerOptions,
  account: Account,
  span: Span,
  buckets: ReadonlySet<string>,
) {
  let after: Position | undefined;
  for (;;) {
    signal.throwIfAborted();
    const jobs = await queries.jobs(span, buckets, after, CHUNK);
    const wanted = [
      ...jobs.map(({ id, createdEventId }) => ({ jobId: id, eventId: createdEventId })),
      ...(await queries.outcomesOf(
        jobs.map(({ id }) => id),
        span.before,
      )),
    ];
    for (let start = 0; start < wanted.length; start += CHUNK) {
      const part = wanted.slice(start, start + CHUNK);
      const stored = await observations.storedIds(part.map(({ eventId }) => eventId));
      for (const { jobId, eventId } of part) if (!stored.has(eventId)) account.accuse("unobserved", jobId);
    }
    if (jobs.length < CHUNK) return;
    after = jobs.at(-1);
  }
}
