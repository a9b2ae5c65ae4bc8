import { mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { runTool } from "../../shared/run-tool.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import { FERRETDB_VERSION, ferretdbBinary } from "./ferretdb.ts";
import { findProgram } from "./locate.ts";
import { lowPriority } from "./low-priority.ts";
import { accepts, findFreePort } from "./port.ts";
import { runEngine } from "./run-engine.ts";

/** Starts a private MongoDB, or FerretDB (which stores data in SQLite files) if there is no `mongod` on the PATH. */
export async function startMongo(options: EngineOptions): Promise<Engine> {
  const mongod = findProgram("mongod");
  const dataDir = resolve(options.dataDir);
  // MongoDB and FerretDB have separate folders, because neither can read the other's files.
  const files = join(dataDir, mongod ? "mongodb" : "ferretdb");
  mkdirSync(files, { recursive: true });
  const port = options.port ?? (await findFreePort());
  const server = mongod ? await mongodb(mongod, port, files) : await ferretdb(options, port, files);

  return await runEngine(
    {
      ...server,
      // Low priority, so that on a small machine the event store does not slow down the jobs whose events it stores.
      command: lowPriority(server.command),
      name: "mongo",
      url: `mongodb://127.0.0.1:${port}`,
      port,
      stopSignal: "SIGTERM",
      startMs: 60_000,
      stopMs: 15_000,
      answers: () => accepts(port), // Neither program listens on its port before it has recovered its files.
    },
    { ...options, dataDir },
  );
}

async function mongodb(program: string, port: number, files: string) {
  const version = /v([\d.]+)/.exec(await runTool([program, "--version"]))?.[1];
  const network = ["--bind_ip", "127.0.0.1", "--port", String(port), "--nounixsocket"];
  return {
    product: `MongoDB ${version}`,
    command: [program, "--dbpath", files, ...network, "--wiredTigerCacheSizeGB", "0.25"],
  };
}

/** FerretDB reads a whole collection for most queries, so it runs on half the processors to leave room for jobs. */
async function ferretdb(options: EngineOptions, port: number, files: string) {
  const program = await ferretdbBinary(options);
  const processors = Math.max(1, Math.floor(availableParallelism() / 2));
  return {
    env: {
      PATH: process.env.PATH ?? "",
      LC_ALL: "C",
      GOMAXPROCS: String(processors),
      GOMEMLIMIT: "512MiB",
    },
    product: `FerretDB ${FERRETDB_VERSION}`,
    command: [program, "-listen", `127.0.0.1:${port}`, "-data", files],
  };
}
