import type { Snapshot, Waiting } from "../../contracts/api-queries.ts";

/** The known progress of both sides. Times are in milliseconds, and null where a side has nothing yet. */
export interface Progress {
  readonly now: number;
  readonly snapshot: Snapshot | null;
  /** When the newest stored event occurred. */
  readonly lastEventAt: number | null;
  readonly newestJobAt: number | null;
  readonly newestTransitionAt: number | null;
  readonly newestDeadLetterAt: number | null;
  /** The oldest message awaiting its confirm. */
  readonly oldestOutboxAt: number | null;
  /** The processor that has been silent for longest, among those recently alive. */
  readonly quietestWorker: { readonly id: string; readonly heartbeatAt: number } | null;
}

/** One thing that keeps the watermark at or below `at`. */
export interface Bound {
  readonly what: Waiting["what"];
  readonly at: number;
  readonly name?: string;
}

/** An older snapshot says nothing about the present. */
const FRESH_MS = 15_000;
/** Clocks and rounding differ by less than this between a transition and its event. */
const TOLERANCE_MS = 50;
/**
 * A side that is behind for longer than this has lost records, not delayed them. A lost consumer is noticed sooner.
 */
export const HOLD_MS = 30_000;

/**
 * The moment below which every accepted job must be on both sides: `settleMs` before the earliest of these bounds:
 *
 * - now.
 * - The oldest message of the outbox: its events are committed and not yet published.
 * - The last heartbeat of a silent processor: it may hold messages that it neither stores nor returns. After `HOLD_MS`
 *   its connection is gone and the broker has delivered them to another.
 * - With a fresh snapshot: its time, when the queues were measured. A queue that was not empty is first in, first out,
 *   so its consumer has come as far as the newest thing it produced: the newest stored event (`events.observed`), the
 *   newest row (`jobs.created`), the newest dead letter (`jobs.failed.validation`).
 * - Without a fresh snapshot the metrics-engine may be dead: as if the first two queues were not empty.
 * - The slower side, when one side knows of something newer than the other: a consumer may hold what no queue shows.
 *   If nothing moves for `HOLD_MS`, it is not late but lost; the bound is dropped so that it is accused.
 *
 * Under steady load all of these follow the present; on an idle system the watermark is the snapshot's time.
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
