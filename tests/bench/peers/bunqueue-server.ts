import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import manifest from "bunqueue/package.json";
import type { EngineOptions } from "../../../tui/engines/engine.ts";
import { accepts, findFreePort } from "../../../tui/engines/port.ts";
import { startPostgres } from "../../../tui/engines/postgres.ts";
import { runEngine } from "../../../tui/engines/run-engine.ts";
import type { PeerEngine, StartPeerEngine } from "./peer-engine.ts";

/** Starts bunqueue's server on one SQLite file. */
export const onSqlite: StartPeerEngine = async (options) => {
  const dataDir = join(options.dataDir, "server");
  const server = await startServer({ ...options, dataDir }, { BUNQUEUE_DATA_PATH: join(dataDir, "jobs.db") });
  return { ...server, product: `${server.product} on SQLite` };
};

/** Starts bunqueue's server on its own PostgreSQL. */
export const onPostgres: StartPeerEngine = async (options) => {
  const store = await startPostgres({ ...options, dataDir: join(options.dataDir, "postgres") });
  try {
    const server = await startServer(
      { ...options, dataDir: join(options.dataDir, "server") },
      { BUNQUEUE_POSTGRES_URL: store.url, BUNQUEUE_POSTGRES_POOL_SIZE: String(POOL) },
    );
    return {
      ...server,
      product: `${server.product} on ${store.product}`,
      processes: [...server.processes, { label: store.name, pid: store.pid }],
      postgresUrl: store.url,
      async stop() {
        await server.stop();
        await store.stop();
      },
    };
  } catch (error) {
    await store.stop();
    throw error;
  }
};

/** The same number of connections as the other peers on PostgreSQL. */
const POOL = 20;
const START_MS = 20_000;
const STOP_MS = 5_000;

async function startServer(options: EngineOptions, storage: Record<string, string>): Promise<PeerEngine> {
  await mkdir(options.dataDir, { recursive: true });
  const port = await findFreePort();
  const httpPort = await findFreePort();
  const program = join(import.meta.dir, "../../../node_modules/bunqueue", manifest.bin.bunqueue);
  const { product, url, pid, stop } = await runEngine(
    {
      name: "bunqueue",
      product: `bunqueue ${manifest.version}`,
      url: `bunqueue://127.0.0.1:${port}`,
      port,
      command: [process.execPath, program, "start"],
      env: {
        PATH: process.env.PATH ?? "",
        ...storage,
        HOST: "127.0.0.1",
        TCP_PORT: String(port),
        HTTP_PORT: String(httpPort),
      },
      stopSignal: "SIGTERM",
      startMs: START_MS,
      stopMs: STOP_MS,
      answers: () => accepts(port),
    },
    options,
  );
  return { product, url, stop, processes: [{ label: "bunqueue server", pid }] };
}
