import type { Engine, EngineOptions } from "../../../tui/engines/engine.ts";
import type { NamedProcess } from "../system.ts";

/** The engine that a peer's server and workers connect to. */
export interface PeerEngine {
  /** Products and versions, for the report. */
  readonly product: string;
  readonly url: string;
  readonly processes: readonly NamedProcess[];
  /** The URL of the PostgreSQL that stores the peer's jobs; absent if the peer uses another store. */
  readonly postgresUrl?: string;
  stop(): Promise<void>;
}

export type StartPeerEngine = (options: EngineOptions) => Promise<PeerEngine>;

/** Wraps a single engine, for a peer that needs no other server. */
export function plain(start: (options: EngineOptions) => Promise<Engine>): StartPeerEngine {
  return async (options) => {
    const { name, product, url, pid, stop } = await start(options);
    return {
      product,
      url,
      stop,
      processes: [{ label: name, pid }],
      ...(name === "postgres" && { postgresUrl: url }),
    };
  };
}
