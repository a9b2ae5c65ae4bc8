import type { JobEvent } from "../../../contracts/events.ts";
import type { Observations } from "../../../shared/observations/port.ts";

/** The options that every adapter accepts. */
export interface WorldObservationsOptions {
  readonly now?: () => number;
  readonly maxSeen?: number;
  readonly maxFeedEntries?: number;
}

/** Empty observations for one test, with a network that can fail. */
export interface ObservationsWorld {
  /** The engines by their names in health and `STORE_UNAVAILABLE`. */
  readonly engines: readonly string[];
  /** Opens observations whose connections use the network that fails. */
  open(options?: WorldObservationsOptions): Observations;
  /** Opens observations on a separate network that never fails. */
  openElsewhere(options?: WorldObservationsOptions): Observations;
  /** Closes every connection to an engine, or to all of them, and refuses new ones. */
  cut(engine?: string): void;
  /** Keeps the connections to an engine, but lets nothing through. */
  freeze(engine: string): void;
  /** Delays everything by so many milliseconds, in each direction. */
  slow(ms: number): void;
  restore(): void;
  /** Connections open on the failing network. */
  connections(): number;
  /** Stores events as versions without batches did, counted long ago. */
  storeOld(events: readonly JobEvent[]): Promise<void>;
  /** The source of a program that opens observations, records, follows, closes, and must then exit by itself. */
  shortProgram(): string;
  /** Closes everything that was opened, and removes everything. */
  dispose(): Promise<void>;
}

/** The world of the current test, and observations in it that are connected. */
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
