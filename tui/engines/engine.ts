export type EngineName = "postgres" | "rabbitmq" | "redis" | "mongo";

/** A private server process that this process started and must stop: an engine, or one that monitors them. */
export interface Engine<Name extends string = EngineName> {
  readonly name: Name;
  /** Product and version for people, for example "PostgreSQL 15.18"; a stand-in appears under its own name. */
  readonly product: string;
  /** The URL for drivers, password included. */
  readonly url: string;
  readonly port: number;
  /** The server's main process; it changes after `restart`. */
  readonly pid: number;
  /** Signals the server to end, kills it after a grace period, and leaves no child behind. May be called twice. */
  stop(): Promise<void>;
  /** Kills the server and its children at once, as a crash would. */
  kill(): Promise<void>;
  /** Restarts it on the same port and data, stopping it first if it is still running. */
  restart(): Promise<void>;
}

export interface EngineOptions {
  /** A folder that only this engine uses; created when missing. */
  dataDir: string;
  /** Default: a free one. */
  port?: number;
  /** Default: `log` in the data folder. */
  logFile?: string;
  /** Aborts a start in progress; a running engine is not affected. */
  signal?: AbortSignal;
  onProgress?(line: string): void;
  /** Called when it ended by itself after it had started; `end` says how. `restart` may be called then. */
  onCrash?(end: string): void;
}
