export type EngineName = "postgres" | "rabbitmq" | "redis" | "mongo";

/** A private server process that this process started and must stop: an engine, or one that watches them. */
export interface Engine<Name extends string = EngineName> {
  readonly name: Name;
  /** Product and version for people, for example "PostgreSQL 15.18"; a stand-in is named as what it is. */
  readonly product: string;
  /** What a driver connects with, password included. */
  readonly url: string;
  readonly port: number;
  /** The server's main process; another one after `restart`. */
  readonly pid: number;
  /** Signals the server to end, kills it after a grace time, and leaves no child of it. May be called twice. */
  stop(): Promise<void>;
  /** Kills the server and its children at once, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data, stopping it first where it still runs. */
  restart(): Promise<void>;
}

export interface EngineOptions {
  /** A folder only this engine uses; made when missing. */
  dataDir: string;
  /** A free one is chosen when left out. */
  port?: number;
  /** Default: `log` in the data folder. */
  logFile?: string;
  /** Aborts a start that is under way; a running engine is not affected. */
  signal?: AbortSignal;
  onProgress?(line: string): void;
  /** It ended unasked after it had started; `end` says how. `restart` may be called then. */
  onCrash?(end: string): void;
}
