import type { ReadJobIds } from "./load.ts";

/** How a system is to be started for a set of runs. */
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

/** A process to account for; its children count with it unless they are named themselves. */
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
  /** Jobs finished since start. Polled during a run, so it must be cheap for the system. */
  completedCount(): Promise<number>;
  /** When each job finished, in wall-clock milliseconds. Asked once after a run. */
  finishedAt(): Promise<ReadonlyMap<string, number>>;
  /** Resolves when everything that follows a job's end (events stored and counted) has caught up; absent: nothing follows. */
  settle?(): Promise<void>;
  processes(): NamedProcess[];
  stop(): Promise<void>;
}
