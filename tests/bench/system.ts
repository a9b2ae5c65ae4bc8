import type { ReadJobIds } from "./load.ts";

/** Options for starting a system for a set of runs. */
export interface StartOptions {
  /** A fresh folder for the engines' data. */
  dataDir: string;
  /** The number of worker processes. */
  workers: number;
  /** `noop` uses the best settings for throughput and latency; `sleep` runs `slots` concurrent jobs per worker. */
  profile: "noop" | "sleep";
  slots: number;
  /** The observatory's engine set; the systems that it is compared with ignore this option. */
  engines: "full" | "embedded";
  signal: AbortSignal;
}

/**
 * A process to measure. Its figures include its children, except those listed separately. The figures of processes with
 * the same label are added up.
 */
export interface NamedProcess {
  label: string;
  pid: number;
}

/** A task system behind `POST /jobs` that records when each job finished. */
export interface System {
  readonly name: string;
  /** Starts engines, server and workers, and resolves when all answer. Cleans up after a failure. */
  start(options: StartOptions): Promise<RunningSystem>;
}

export interface RunningSystem {
  submitUrl: string;
  /** Null if the system accepts only one job per request. */
  batchUrl: string | null;
  /** Reads the accepted ids from the body of a 202 response of `submitUrl` or `batchUrl`. */
  readJobIds: ReadJobIds;
  /** The settings that affect the figures, as one line for the report. */
  settings: string;
  /** The folder that holds all of the system's data. */
  dataDir: string;
  /** Returns which of at most a hundred jobs are unfinished. Called while jobs run, so it must be very cheap. */
  unfinished(jobIds: readonly string[]): Promise<string[]>;
  /** Returns when each job finished, in wall-clock milliseconds. Called once, after a run. */
  finishedAt(): Promise<ReadonlyMap<string, number>>;
  /** Returns how many finished jobs the observers have stored, as cheaply as `unfinished`; absent without observers. */
  observed?(): Promise<number>;
  /** Yields the times of new changes on the live stream; absent without a live stream. */
  changes?(signal: AbortSignal): AsyncIterable<readonly Date[]>;
  /** Returns the bytes of write-ahead log that PostgreSQL has written; absent without PostgreSQL. */
  walBytes?(): Promise<number>;
  processes(): Promise<NamedProcess[]>;
  stop(): Promise<void>;
}
