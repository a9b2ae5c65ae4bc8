import type { Engine, EngineOptions } from "../../../tui/engines/engine.ts";
import type { NamedProcess } from "../system.ts";

/** What a peer's server and workers connect to. */
export interface PeerEngine {
  /** Products and versions, for the report. */
  readonly product: string;
  readonly url: string;
  readonly processes: readonly NamedProcess[];
  /** The PostgreSQL that keeps its jobs, where one does. */
  readonly postgresUrl?: string;
  stop(): Promise<void>;
}

export type StartPeerEngine = (options: EngineOptions) => Promise<PeerEngine>;

/** A peer that uses one engine as it is. */
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
