import type { ReadJobIds } from "./load.ts";

/** How to start a system for a set of runs. */
export interface StartOptions {
  /** A fresh folder for the engines' data. */
  dataDir: string;
  /** Worker processes. */
  workers: number;
  /** `noop`: the settings best for throughput and latency. `sleep`: `slots` jobs at a time per worker. */
  profile: "noop" | "sleep";
  slots: number;
  /** What our own system runs on; peers have one engine and ignore it. */
  engines: "full" | "embedded";
  signal: AbortSignal;
}

/**
 * A process to account for; its children count with it unless they are named themselves. Several of one label are
 * added up.
 */
export interface NamedProcess {
  label: string;
  pid: number;
}

/** A task system behind `POST /jobs` that can say when each job finished. */
export interface System {
  readonly name: string;
  /** Starts engines, server and workers and resolves when all answer; undoes what it did when it fails. */
  start(options: StartOptions): Promise<RunningSystem>;
}

export interface RunningSystem {
  submitUrl: string;
  /** Null when there is no bulk submit. */
  batchUrl: string | null;
  /** Reads the accepted ids out of a 202 body of either URL. */
  readJobIds: ReadJobIds;
  /** The settings that matter to the figures, in one line for the report. */
  settings: string;
  /** The folder that holds all of its data. */
  dataDir: string;
  /** Returns the unfinished ones of at most a hundred jobs. Called while jobs run: it must cost next to nothing. */
  unfinished(jobIds: readonly string[]): Promise<string[]>;
  /** When each job finished, in wall-clock milliseconds. Read once after a run. */
  finishedAt(): Promise<ReadonlyMap<string, number>>;
  /** Finished jobs that its own observers have stored so far, as cheaply; absent: nothing observes. */
  observed?(): Promise<number>;
  /** The changes that its live stream shows from now on, by when each happened; absent: there is no live stream. */
  changes?(signal: AbortSignal): AsyncIterable<readonly Date[]>;
  /** Bytes of write-ahead log that PostgreSQL has written so far; absent: there is no PostgreSQL. */
  walBytes?(): Promise<number>;
  processes(): Promise<NamedProcess[]>;
  stop(): Promise<void>;
}
