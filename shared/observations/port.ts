import type { Delta, Percentiles, SeriesReply, Snapshot } from "../../contracts/api-queries.ts";
import type { EventEnvelope } from "../../contracts/envelope.ts";
import type { EventType, JobEvent } from "../../contracts/events.ts";

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
  /** The events of the batch that were new, in their order: the ones that were counted now. */
  readonly fresh: readonly JobEvent[];
}

/** The metrics-engine's side: the only writer. */
export interface ObservationWriter {
  /**
   * Store every event once and count every event once, by event id, however often and in whatever batches they come,
   * also when a call before this one died half-way. Appends one live-feed entry with the deltas of the fresh events.
   * Rejects with `STORE_UNAVAILABLE`; the same batch may then be given again.
   */
  record(events: readonly JobEvent[]): Promise<Recorded>;
  /** Writes to every engine that recording writes to, and takes it back. Rejects when one of them takes no write now. */
  rehearse(): Promise<void>;
  /** Keep a snapshot: the latest as it is, and its depths and workers as per-minute series (the last value of a minute wins). */
  recordSnapshot(snapshot: Snapshot): Promise<void>;
  /** Delete events older than the retention. Returns how many went. */
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

export interface FeedEntry {
  /** Opaque, ordered: pass it to `follow` to continue after it. */
  readonly id: string;
  readonly deltas: readonly Delta[];
  /** Deltas of the batch that are not in the entry, because one entry is bounded. */
  readonly dropped: number;
}

/** The read-model's side. Every method rejects with `STORE_UNAVAILABLE` when its engine is unavailable. */
export interface ObservationReader {
  totals(): Promise<Totals>;
  /**
   * With a type: one series of it. Without: first the series over all types, without labels, then one for each type. One
   * point for each minute, the current one last; null where nothing was recorded. Rejects with `INVALID_QUERY` for a
   * metric that does not exist.
   */
  series(query: SeriesQuery): Promise<SeriesReply>;
  latestSnapshot(): Promise<Snapshot | null>;
  /** Of one job: ordered by sequence. Else newest first. Stable while events arrive. Rejects with `INVALID_CURSOR`. */
  events(query: EventQuery): Promise<{ items: readonly EventEnvelope[]; nextCursor: string | null }>;
  /** Every stored `job.created` that occurred before `before`, in chunks, in any order. For the ledger. */
  createdEvents(before: Date, chunkSize: number): AsyncIterable<readonly CreatedEvent[]>;
  /** Which of these event ids are stored. For the ledger; at most 1,000 ids a call. */
  storedIds(eventIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** The event ids of stored terminal events (completed, failed, cancelled, rejected) of these jobs. For the ledger. */
  terminalEvents(
    before: Date,
    chunkSize: number,
  ): AsyncIterable<readonly { eventId: string; jobId: string; run: number }[]>;
  /**
   * The live feed from after `lastId` (null: from now), until `signal` aborts. When `lastId` is no longer kept, the
   * first entry has `dropped` > 0. Rejects with `INVALID_CURSOR` for an id this feed cannot have given. An engine that
   * goes away later only pauses it.
   */
  follow(lastId: string | null, signal: AbortSignal): AsyncIterable<FeedEntry>;
}

export interface Observations extends ObservationWriter, ObservationReader {
  /** Each engine by name, and whether it answers now. */
  health(): Promise<Readonly<Record<string, boolean>>>;
  /** Resolves when the engines answer and indexes are there; rejects when `signal` aborts. */
  connected(signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
