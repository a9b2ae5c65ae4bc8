import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { runTool } from "../../shared/run-tool.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import { findProgram } from "./locate.ts";
import { exchange, findFreePort } from "./port.ts";
import { runEngine } from "./run-engine.ts";

export interface RedisOptions extends EngineOptions {
  /** When a write reaches the disk: before the reply ("always", the default) or within a second ("everysec"). */
  fsync?: "always" | "everysec";
}

/** Starts a private Redis that keeps an append-only file and no snapshots. */
export async function startRedis({ fsync = "always", ...options }: RedisOptions): Promise<Engine> {
  const program = findProgram("redis-server");
  if (!program) throw new Error("Could not start Redis: no redis-server on the PATH");
  const dataDir = resolve(options.dataDir);
  const files = join(dataDir, "data");
  mkdirSync(files, { recursive: true });
  const version = await runTool([program, "--version"]);
  const port = options.port ?? (await findFreePort());

  return await runEngine(
    {
      name: "redis",
      product: `Redis ${/v=([\d.]+)/.exec(version)?.[1]}`,
      url: `redis://127.0.0.1:${port}`,
      port,
      command: [program, ...Object.entries(settings(port, files, fsync)).flatMap(asArgument)],
      stopSignal: "SIGTERM",
      startMs: 30_000,
      stopMs: 10_000,
      // While Redis loads its append-only file, it replies -LOADING.
      answers: async () => (await exchange(port, "PING\r\n"))?.toString().startsWith("+PONG") ?? false,
    },
    { ...options, dataDir },
  );
}

function settings(port: number, files: string, fsync: string): Record<string, string> {
  return {
    port: String(port),
    bind: "127.0.0.1",
    "protected-mode": "yes",
    dir: files,
    save: "",
    appendonly: "yes",
    appendfsync: fsync,
    daemonize: "no",
  };
}

const asArgument = ([name, value]: [string, string]) => [`--${name}`, value];
