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
  /** The new events of the batch, in order: those counted by this call. */
  readonly fresh: readonly JobEvent[];
}

/** The metrics-engine's side: the only writer. */
export interface ObservationWriter {
  /**
   * Stores and counts every event once, by event id, however often and in whatever batches it arrives, even when an
   * earlier call died halfway. Appends one live-feed entry with the deltas of the fresh events. Rejects with
   * `STORE_UNAVAILABLE`; the same batch may then be passed again.
   */
  record(events: readonly JobEvent[]): Promise<Recorded>;
  /** Writes to every engine that recording writes to, and undoes it. Rejects when one of them refuses writes now. */
  rehearse(): Promise<void>;
  /**
   * Stores a snapshot: the latest as it is, and its depths and workers as per-minute series (the last value of a
   * minute wins).
   */
  recordSnapshot(snapshot: Snapshot): Promise<void>;
  /** Deletes events older than the retention. Returns how many were deleted. */
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
  /** A metric of `GET /series`. */
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
 * What the ledger compares for a span: `job.created` events, and terminal ones (completed, failed, cancelled,
 * rejected).
 */
export interface LedgerSums {
  readonly created: IdSum;
  readonly ended: IdSum;
}

export interface FeedEntry {
  /** Opaque, ordered: pass it to `follow` to continue after it. */
  readonly id: string;
  readonly deltas: readonly Delta[];
  /** Deltas of the batch that are not in the entry, because entries are bounded. */
  readonly dropped: number;
}

/** The read-model's side. Every method rejects with `STORE_UNAVAILABLE` when its engine is unavailable. */
export interface ObservationReader {
  totals(): Promise<Totals>;
  /**
   * With a type: one series of that type. Without: first the series over all types, without labels, then one per type.
   * One point per minute, the current one last; null where nothing was recorded. Rejects with `INVALID_QUERY` for an
   * unknown metric.
   */
  series(query: SeriesQuery): Promise<SeriesReply>;
  latestSnapshot(): Promise<Snapshot | null>;
  /**
   * For one job: ordered by sequence; otherwise newest first. Stable while events arrive. Rejects with
   * `INVALID_CURSOR`.
   */
  events(query: EventQuery): Promise<{ items: readonly EventEnvelope[]; nextCursor: string | null }>;
  /** How many events of a span are stored, and an order-free sum of their ids. For the ledger. */
  ledgerSums(span: EventSpan): Promise<LedgerSums>;
  /**
   * By minute since 1970: how many events that the ledger compares were recorded more than `LATE_MS` after they
   * occurred. A number that grows means that what was read of this minute may be out of date.
   */
  lateEvents(): Promise<ReadonlyMap<number, number>>;
  /** Every stored `job.created` that occurred in a span, in chunks, in any order. For the ledger. */
  createdEvents(span: EventSpan, chunkSize: number): AsyncIterable<readonly CreatedEvent[]>;
  /** The ids of those of these events that are stored. For the ledger; at most 1,000 events per call. */
  storedIds(events: readonly CreatedEvent[]): Promise<ReadonlySet<string>>;
  /** Every stored terminal event that occurred in a span, as `createdEvents`. For the ledger. */
  terminalEvents(
    span: EventSpan,
    chunkSize: number,
  ): AsyncIterable<readonly { eventId: string; jobId: string; run: number }[]>;
  /**
   * Yields the live feed after `lastId` (null: from now) until `signal` aborts. When `lastId` is no longer kept, the
   * first entry has `dropped` > 0. Rejects with `INVALID_CURSOR` for an id this feed cannot have issued. An engine
   * that fails later only pauses it.
   */
  follow(lastId: string | null, signal: AbortSignal): AsyncIterable<FeedEntry>;
}

export interface Observations extends ObservationWriter, ObservationReader {
  /** Each engine by name, and whether it answers now. */
  health(): Promise<Readonly<Record<string, boolean>>>;
  /** Resolves when the engines answer and indexes exist; rejects when `signal` aborts. */
  connected(signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
