import type { Ledger } from "../../contracts/api-queries.ts";
import { AppError } from "../../shared/errors.ts";
import type { ObservationReader } from "../../shared/observations/port.ts";
import type { Position } from "./cursor.ts";
import { type Account, createAccount } from "./ledger-account.ts";
import type { LedgerJob, LedgerQueries, TerminalTransition } from "./ledger-queries.ts";
import { watermarkOf } from "./ledger-watermark.ts";

const CHUNK = 1_000;
/** Pruning may be ahead of the retention by its own interval and the length of this computation. */
const RETENTION_MARGIN_MS = 5 * 60_000;
/** Computations that wait for their turn; each has another `settleMs`. */
const MAX_WAITING = 8;

export interface LedgerOptions {
  readonly queries: LedgerQueries;
  readonly observations: ObservationReader;
  readonly retentionMs: number;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  readonly onComputed?: (seconds: number) => void;
}

/**
 * The balance of accepted jobs by id, below a watermark (see `watermarkOf`). Three passes over streams, holding one
 * chunk and the accused at a time:
 *
 * 1. *Forward*: each stored `job.created` has a row or a dead letter, else its job is **lost**.
 * 2. *Backward*: of each row, `job.created` and the event of its outcome are stored, else it is **unobserved**; two
 *    outcomes of one run make it **duplicated**. Rows that are older than the event store's memory are left out.
 * 3. *Outcomes*: each stored terminal event is the one of a transition, else its job was given an outcome that the job
 *    store does not know: **duplicated**, or **lost** where the job itself is unknown.
 *
 * The job store is always read after the event in passes 1 and 3 and before it in pass 2, so that what arrives
 * meanwhile accuses nobody. One computation runs at a time; who asks for the same meanwhile shares it.
 */
export function createLedger(options: LedgerOptions) {
  const waiting = new Map<number, Promise<Ledger>>();
  let tail: Promise<unknown> = Promise.resolve();

  return {
    /** Rejects with STORE_UNAVAILABLE, or OVERLOADED when too many different ones wait. */
    compute(settleMs: number): Promise<Ledger> {
      const shared = waiting.get(settleMs);
      if (shared) return shared;
      if (waiting.size >= MAX_WAITING)
        return Promise.reject(
          new AppError("OVERLOADED", `${waiting.size} ledgers are waiting, the limit is ${MAX_WAITING}`),
        );
      const mine = tail.then(() => compute(options, settleMs)).finally(() => waiting.delete(settleMs));
      waiting.set(settleMs, mine);
      tail = mine.catch(() => undefined);
      return mine;
    },
  };
}
export type LedgerBook = ReturnType<typeof createLedger>;

async function compute(options: LedgerOptions, settleMs: number): Promise<Ledger> {
  const { queries, observations, retentionMs, now, onComputed } = options;
  const startedAt = performance.now();
  const [store, totals, snapshot] = await Promise.all([
    queries.progress(),
    observations.totals(),
    observations.latestSnapshot(),
  ]);
  const lastEventAt = totals.lastEventAt === null ? null : Date.parse(totals.lastEventAt);
  const watermark = watermarkOf({ ...store, now: now().getTime(), snapshot, lastEventAt }, settleMs);
  const from = new Date(now().getTime() - retentionMs + RETENTION_MARGIN_MS);

  const account = createAccount();
  await forward(options, account, watermark);
  await backward(options, account, from, watermark);
  await outcomes(options, account, watermark);
  onComputed?.((performance.now() - startedAt) / 1_000);
  return account.close(watermark, from);
}

async function forward({ queries, observations, signal }: LedgerOptions, account: Account, watermark: Date) {
  for await (const chunk of observations.createdEvents(watermark, CHUNK)) {
    signal.throwIfAborted();
    const fates = await queries.fates(chunk);
    chunk.forEach(({ jobId }, i) => {
      const fate = fates[i];
      if (fate) account.accept(fate);
      else account.acceptLost(jobId);
    });
  }
}

async function backward(
  { queries, observations, signal }: LedgerOptions,
  account: Account,
  from: Date,
  watermark: Date,
) {
  let after: Position | undefined;
  for (;;) {
    signal.throwIfAborted();
    const jobs = await queries.jobs(from, watermark, after, CHUNK);
    if (jobs.length > 0) {
      const outcomesOfJobs = await queries.terminalTransitions(jobs.map(({ id }) => id));
      for (const jobId of givenTwoOutcomes(outcomesOfJobs)) account.accuse("duplicated", jobId);
      for (const jobId of await unobserved(observations, jobs, outcomesOfJobs, watermark))
        account.accuse("unobserved", jobId);
    }
    if (jobs.length < CHUNK) return;
    after = jobs.at(-1);
  }
}

/** Jobs with more than one outcome in one run. */
export function givenTwoOutcomes(transitions: readonly TerminalTransition[]): Set<string> {
  const runs = new Set<string>();
  const twice = new Set<string>();
  for (const { jobId, run } of transitions) {
    const key = `${jobId}/${run}`;
    if (runs.has(key)) twice.add(jobId);
    runs.add(key);
  }
  return twice;
}

async function unobserved(
  observations: ObservationReader,
  jobs: readonly LedgerJob[],
  transitions: readonly TerminalTransition[],
  watermark: Date,
): Promise<string[]> {
  const wanted = [
    ...jobs.map(({ id, createdEventId }) => ({ jobId: id, eventId: createdEventId })),
    // An outcome above the watermark may still be on its way.
    ...transitions.filter(({ at }) => at < watermark.getTime()),
  ];
  const missing: string[] = [];
  for (let start = 0; start < wanted.length; start += CHUNK) {
    const part = wanted.slice(start, start + CHUNK);
    const stored = await observations.storedIds(part.map(({ eventId }) => eventId));
    for (const { jobId, eventId } of part) if (!stored.has(eventId)) missing.push(jobId);
  }
  return missing;
}

async function outcomes({ queries, observations, signal }: LedgerOptions, account: Account, watermark: Date) {
  for await (const chunk of observations.terminalEvents(watermark, CHUNK)) {
    signal.throwIfAborted();
    const known = await queries.knows(chunk);
    chunk.forEach(({ jobId }, i) => {
      if (!known[i]?.job) account.accuse("lost", jobId);
      else if (!known[i]?.move) account.accuse("duplicated", jobId);
    });
  }
}
