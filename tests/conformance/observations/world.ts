import type { JobEvent } from "../../../contracts/events.ts";
import type { Observations } from "../../../shared/observations/port.ts";

/** The options that every adapter accepts. */
export interface WorldObservationsOptions {
  readonly now?: () => number;
  readonly maxSeen?: number;
  readonly maxFeedEntries?: number;
}

/** An empty store of observations for one test, reached over a network that the test can cut or slow down. */
export interface ObservationsWorld {
  /** The engine names that health and `STORE_UNAVAILABLE` report. */
  readonly engines: readonly string[];
  /** Opens observations on the network that can fail. */
  open(options?: WorldObservationsOptions): Observations;
  /** Opens observations on a separate network that never fails. */
  openElsewhere(options?: WorldObservationsOptions): Observations;
  /** Closes every connection to one engine, or to all engines, and refuses new ones. */
  cut(engine?: string): void;
  /** Keeps the connections to an engine open but lets no data through. */
  freeze(engine: string): void;
  /** Delays all traffic by `ms` milliseconds in each direction. */
  slow(ms: number): void;
  restore(): void;
  /** Counts the open connections on the network that can fail. */
  connections(): number;
  /** Stores each event in a row or document of its own and counts it, as versions before batches did. */
  storeOld(events: readonly JobEvent[]): Promise<void>;
  /**
   * Returns the source of a program that records events, follows the feed, closes its observations and must then exit
   * on its own.
   */
  shortProgram(): string;
  /** Closes everything that was opened, and removes the world's data. */
  dispose(): Promise<void>;
}

/** The current test's world (its own empty store), and ways to open connected observations in it. */
export interface OpenWorld {
  world(): ObservationsWorld;
  /** Opens observations on the network that can fail. */
  connect(options?: WorldObservationsOptions): Promise<Observations>;
  /** Opens observations on the network that never fails. */
  connectElsewhere(options?: WorldObservationsOptions): Promise<Observations>;
}

/** How long a call may take to report that an engine is unavailable. */
export const QUICK_MS = 3_000;

export async function connected(observations: Observations): Promise<Observations> {
  await observations.connected(AbortSignal.timeout(20_000));
  return observations;
}
