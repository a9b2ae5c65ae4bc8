import { join, resolve } from "node:path";
import postgres from "postgres";
import type { Engine, EngineOptions } from "./engine.ts";
import { takeOver } from "./lease.ts";
import { findFreePort } from "./port.ts";
import { clearStaleLock, openCluster, SUPERUSER } from "./postgres-cluster.ts";
import { choosePostgres } from "./postgres-server.ts";
import { runEngine } from "./run-engine.ts";
import { folderFor, unprivilegedUser } from "./unprivileged-user.ts";

const DATABASE = "observatory";

/** Starts a private PostgreSQL. Its database `observatory` is empty at the first start and is kept between runs. */
export async function startPostgres(options: EngineOptions): Promise<Engine> {
  const dataDir = resolve(options.dataDir);
  const user = unprivilegedUser();
  const folder = folderFor(user, dataDir, "cluster", options.onProgress);
  await takeOver(dataDir);
  const { bin, version } = await choosePostgres(join(folder, "data"), options.onProgress);
  const { data, password } = await openCluster(folder, bin, user, options.signal);
  const port = options.port ?? (await findFreePort());
  const urlOf = (name: string) => `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/${name}`;

  return await runEngine(
    {
      name: "postgres",
      product: `PostgreSQL ${version}`,
      url: urlOf(DATABASE),
      port,
      command: [join(bin, "postgres"), "-D", data, ...Object.entries(settings(port)).flatMap(asArgument)],
      user,
      stopSignal: "SIGINT", // A "fast" shutdown ends clients' sessions; SIGTERM would wait for them.
      startMs: 60_000, // After a crash, PostgreSQL first replays up to max_wal_size of its log.
      stopMs: 20_000,
      prepare: () => clearStaleLock(data),
      answers: () => hasDatabase(urlOf("postgres")),
    },
    { ...options, dataDir },
  );
}

function settings(port: number): Record<string, string> {
  return {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: "",
    max_connections: "200",
    shared_buffers: "256MB",
    max_wal_size: "2GB",
    // JIT compilation costs more than any of our queries gains from it.
    jit: "off",
    fsync: "on",
    logging_collector: "off",
    log_min_messages: "warning",
    log_line_prefix: "%m [%p] %d ",
  };
}

const asArgument = ([name, value]: [string, string]) => ["-c", `${name}=${value}`];

/** Connects and creates the database if it is missing. Returns false if the server does not answer yet. */
async function hasDatabase(url: string): Promise<boolean> {
  const sql = postgres(url, { max: 1, connect_timeout: 5, onnotice: () => undefined });
  try {
    const [found] = await sql`select from pg_database where datname = ${DATABASE}`;
    if (!found) await sql`create database ${sql(DATABASE)}`;
    return true;
  } catch (error) {
    const code = (error as { code?: string }).code ?? "";
    // 57P03: the server is still starting or replaying its log.
    if (["ECONNREFUSED", "ECONNRESET", "CONNECTION_CLOSED", "CONNECT_TIMEOUT", "57P03"].includes(code))
      return false;
    throw error;
  } finally {
    await sql.end({ timeout: 1 });
  }
}
