import type { Engine, EngineOptions } from "../../../tui/engines/engine.ts";
import type { NamedProcess } from "../system.ts";

/** The engine that a peer's server and workers connect to. */
export interface PeerEngine {
  /** Products and versions, for the report. */
  readonly product: string;
  readonly url: string;
  readonly processes: readonly NamedProcess[];
  /** The URL of the PostgreSQL that stores the peer's jobs, if one does. */
  readonly postgresUrl?: string;
  stop(): Promise<void>;
}

export type StartPeerEngine = (options: EngineOptions) => Promise<PeerEngine>;

/** Wraps an engine for a peer that needs no server process besides it. */
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
