import type { Delta, Percentiles, SeriesReply, Snapshot } from "../../contracts/api-queries.ts";
import type { EventEnvelope } from "../../contracts/envelope.ts";
import type { EventType, JobEvent } from "../../contracts/events.ts";
import type { IdSum } from "./id-sum.ts";

export const COUNTERS = [
  "submitted",
  "completed",
  "failed",
  "retried",
  "cancelled",
  "rejected",
  "events",
] as const;
export type CounterName = (typeof COUNTERS)[number];

export interface Recorded {
  /**
   * The newly counted events, each reported only once: those that this call counted, and those that earlier calls
   * counted before they failed.
   */
  readonly fresh: readonly JobEvent[];
}

/** What the metrics-engine uses. No other service writes observations. */
export interface ObservationWriter {
  /**
   * Stores and counts each event exactly once, recognized by its id, however often and in whatever batches it arrives,
   * even if an earlier call died halfway. Appends a delta for each newly counted event to the live feed. Rejects with
   * `STORE_UNAVAILABLE` if an engine is unavailable, and may then be called again with the same batch.
   */
  record(events: readonly JobEvent[]): Promise<Recorded>;
  /** Makes a test write to every engine that recording uses, and undoes it. Rejects if an engine refuses writes now. */
  rehearse(): Promise<void>;
  /**
   * Stores the latest snapshot, and adds its depths and workers to the per-minute series (the last value in a minute
   * wins).
   */
  recordSnapshot(snapshot: Snapshot): Promise<void>;
  /** Deletes events that occurred before a time, and returns how many it deleted. */
  prune(before: Date): Promise<number>;
}

export interface EventQuery {
  readonly jobId?: string;
  readonly eventType?: EventType;
  readonly limit: number;
  readonly cursor?: string;
}

export interface Totals {
  readonly counters: Readonly<Record<CounterName, number>>;
  readonly lastEventAt: string | null;
  readonly execution: Percentiles;
  readonly queueWait: Percentiles;
}

export interface SeriesQuery {
  /** A metric that `GET /series` accepts. */
  readonly metric: string;
  readonly type?: string;
  readonly minutes: number;
  readonly now: Date;
}

export interface CreatedEvent {
  readonly eventId: string;
  readonly jobId: string;
}

/** A span of time, [from, before), in whole milliseconds. */
export interface EventSpan {
  readonly from: Date;
  readonly before: Date;
}

/**
 * The sums that the ledger compares for a span: of `job.created` events, and of terminal events (completed, failed,
 * cancelled, rejected).
 */
export interface LedgerSums {
  readonly created: IdSum;
  readonly ended: IdSum;
}

export interface FeedEntry {
  /** An opaque, ordered id. Pass it to `follow` to continue after this entry. */
  readonly id: string;
  readonly deltas: readonly Delta[];
  /**
   * The number of deltas that were left out of this entry or lost before it, because entries and queues have size
   * limits.
   */
  readonly dropped: number;
}

/** What the read-model uses. Every method rejects with `STORE_UNAVAILABLE` if its engine is unavailable. */
export interface ObservationReader {
  totals(): Promise<Totals>;
  /**
   * With a type, returns one series for it. Otherwise, returns first the series over all types, without labels, and
   * then one per type. A series has one point per minute, the current minute last; a point is null if nothing was
   * recorded. Rejects with `INVALID_QUERY` for an unknown metric.
   */
  series(query: SeriesQuery): Promise<SeriesReply>;
  latestSnapshot(): Promise<Snapshot | null>;
  /**
   * Returns a page of events: of one job in order of their sequence, or of all jobs, newest first. Pages are stable
   * while events arrive. Rejects with `INVALID_CURSOR`.
   */
  events(query: EventQuery): Promise<{ items: readonly EventEnvelope[]; nextCursor: string | null }>;
  /**
   * Returns the number of events stored in a span and a sum of their ids that does not depend on their order, for the
   * ledger.
   */
  ledgerSums(span: EventSpan): Promise<LedgerSums>;
  /**
   * Returns how many of the events that the ledger compares were recorded more than `LATE_MS` after they occurred,
   * keyed by the minute in which they occurred, counted from 1970. If the number for a minute has grown, results of
   * earlier reads of that minute may be out of date.
   */
  lateEvents(): Promise<ReadonlyMap<number, number>>;
  /** Yields every stored `job.created` event that occurred in a span, in chunks and in any order, for the ledger. */
  createdEvents(span: EventSpan, chunkSize: number): AsyncIterable<readonly CreatedEvent[]>;
  /** Returns the ids of those of the given events (at most 1,000) that are stored, for the ledger. */
  storedIds(events: readonly CreatedEvent[]): Promise<ReadonlySet<string>>;
  /** Like `createdEvents`, for terminal events. */
  terminalEvents(
    span: EventSpan,
    chunkSize: number,
  ): AsyncIterable<readonly { eventId: string; jobId: string; run: number }[]>;
  /**
   * Yields the live feed after `lastId` (null means from now on) until `signal` aborts. If `lastId` is no longer kept,
   * the first entry has `dropped` > 0. Rejects with `INVALID_CURSOR` for an id that this feed cannot have issued. If
   * the engine fails later, the feed pauses instead of rejecting.
   */
  follow(lastId: string | null, signal: AbortSignal): AsyncIterable<FeedEntry>;
}

export interface Observations extends ObservationWriter, ObservationReader {
  /** Returns whether each engine answers now, by name. */
  health(): Promise<Readonly<Record<string, boolean>>>;
  /** Resolves once the engines answer and their indexes exist; rejects if `signal` aborts first. */
  connected(signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
