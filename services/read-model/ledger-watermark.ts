import type { Snapshot, Waiting } from "../../contracts/api-queries.ts";

/**
 * What is known about the progress of the ledger's two sides, the job store and the event store. Times are in
 * milliseconds since 1970, and null where nothing is known yet.
 */
export interface Progress {
  readonly now: number;
  readonly snapshot: Snapshot | null;
  /** When the newest stored event occurred. */
  readonly lastEventAt: number | null;
  readonly newestJobAt: number | null;
  readonly newestTransitionAt: number | null;
  readonly newestDeadLetterAt: number | null;
  /** When the oldest message that still awaits its confirm was written. */
  readonly oldestOutboxAt: number | null;
  /** Among the processors that were recently alive, the one with the oldest heartbeat. */
  readonly quietestWorker: { readonly id: string; readonly heartbeatAt: number } | null;
}

/** A reason why the watermark must not pass the time `at`. */
export interface Bound {
  readonly what: Waiting["what"];
  readonly at: number;
  readonly name?: string;
}

/** A snapshot (the metrics-engine's periodic measurement of the queues) older than this is ignored. */
const FRESH_MS = 15_000;
/** The times of a transition and its event differ by less than this, because of clock differences and rounding. */
const TOLERANCE_MS = 50;
/**
 * A side that is behind for longer than this has lost records, not delayed them: even the messages of a dead consumer
 * are redelivered sooner.
 */
export const HOLD_MS = 30_000;

/**
 * Returns the watermark: the time before which every accepted job must be on both sides. It lies `settleMs` before the
 * earliest of:
 *
 * - The current time.
 * - The oldest outbox message: its events are committed but not yet published.
 * - The last heartbeat of a silent processor: it may hold messages that it neither stores nor returns. After `HOLD_MS`
 *   its connection is gone, and the broker has delivered those messages to another processor.
 * - With a fresh snapshot: the time when it measured the queues, and for each non-empty queue its consumer's progress.
 *   Queues are first in, first out, so a consumer has come as far as the newest record it produced: the newest stored
 *   event (`events.observed`), the newest row (`jobs.created`), the newest dead letter (`jobs.failed.validation`).
 * - Without a fresh snapshot: the progress of the consumers of `events.observed` and `jobs.created`, because messages
 *   may be waiting in these queues unmeasured while the metrics-engine is down.
 * - The slower side's newest record, while the other side has a newer one: a consumer may hold messages that no queue
 *   shows. If neither side records anything for `HOLD_MS`, the missing records are lost rather than late, so the bound
 *   is dropped and the ledger reports their jobs.
 *
 * Under steady load all bounds follow the current time; on an idle system the earliest is the snapshot's time.
 */
export function watermarkOf(progress: Progress, settleMs: number): { watermark: Date; bounds: Bound[] } {
  const bounds = boundsOf(progress);
  const earliest = Math.min(progress.now, ...bounds.map(({ at }) => at));
  return { watermark: new Date(Math.max(0, earliest - settleMs)), bounds };
}

function boundsOf(progress: Progress): Bound[] {
  const { now, snapshot, lastEventAt, newestJobAt, newestDeadLetterAt } = progress;
  const bounds: Bound[] = [];
  const bound = (what: Bound["what"], at: number | null, name?: string) =>
    bounds.push({ what, at: at ?? 0, ...(name !== undefined && { name }) });

  if (progress.oldestOutboxAt !== null) bound("outbox", progress.oldestOutboxAt);
  if (progress.quietestWorker)
    bound("worker", progress.quietestWorker.heartbeatAt, progress.quietestWorker.id);

  const seenAt = snapshot === null ? 0 : Date.parse(snapshot.at);
  const fresh = now - seenAt <= FRESH_MS;
  if (fresh) bound("snapshot", seenAt);
  const waits = (queue: string) =>
    snapshot?.bus.some(({ name, ready, held = 0 }) => name === queue && ready + held > 0) ?? false;
  const queue = (name: string, at: number | null) =>
    fresh ? waits(name) && bound("queue", at, name) : bound("snapshot", at, name);
  queue("events.observed", lastEventAt);
  queue("jobs.created", newestJobAt);
  if (fresh) queue("jobs.failed.validation", newestDeadLetterAt);

  const stored = Math.max(progress.newestTransitionAt ?? 0, newestDeadLetterAt ?? 0);
  const observed = lastEventAt ?? 0;
  const differ = Math.abs(stored - observed) > TOLERANCE_MS;
  if (differ && now - Math.max(stored, observed) < HOLD_MS)
    bound(stored < observed ? "job-store" : "event-store", Math.min(stored, observed));
  return bounds;
}
