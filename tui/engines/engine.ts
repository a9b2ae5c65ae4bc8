export type EngineName = "postgres" | "rabbitmq" | "redis" | "mongo";

/** A private server that this process started and must stop: a database, a broker, Prometheus or Alertmanager. */
export interface Engine<Name extends string = EngineName> {
  readonly name: Name;
  /** Product and version for display, such as "PostgreSQL 15.18". A substitute such as FerretDB has its own name. */
  readonly product: string;
  /** The URL for drivers, including the password. */
  readonly url: string;
  readonly port: number;
  /** The server's main process; it changes after `restart`. */
  readonly pid: number;
  /** Signals the server to end, kills it after a grace period, and leaves no child behind. May be called twice. */
  stop(): Promise<void>;
  /** Kills the server and its children at once, as a crash would. */
  kill(): Promise<void>;
  /** Restarts the server with the same port and data, after stopping it if it is still running. */
  restart(): Promise<void>;
}

export interface EngineOptions {
  /** A folder that only this engine uses; created if missing. */
  dataDir: string;
  /** Default: a free port. */
  port?: number;
  /** Default: `log` in the data folder. */
  logFile?: string;
  /** Aborts a start in progress; a running engine is not affected. */
  signal?: AbortSignal;
  onProgress?(line: string): void;
  /**
   * Called if the engine ends unexpectedly after it has started; `end` describes how. The callback may call `restart`.
   */
  onCrash?(end: string): void;
}
