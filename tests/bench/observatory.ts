import { chmod } from "node:fs/promises";
import postgres from "postgres";
import type { ServiceName } from "../../contracts/services.ts";
import { followStream } from "../../shared/api-client/follow-stream.ts";
import { createLog } from "../../shared/log.ts";
import { openObservations } from "../../shared/observations/open.ts";
import type { Engine, EngineName } from "../../tui/engines/engine.ts";
import { startEngines } from "../../tui/engines/start.ts";
import { engineSets, type UrlName } from "../../tui/launch/engine-set.ts";
import { enginesOf } from "../support/engines.ts";
import { type ServiceProcess, startService } from "../support/service-process.ts";
import { readAcceptedIds } from "./accepted-ids.ts";
import type { NamedProcess, RunningSystem, StartOptions, System } from "./system.ts";
import { walBytes } from "./wal.ts";

const NOOP_CONCURRENCY = 256;

/** The observatory: all four services from source, on the four engines or on one PostgreSQL. */
export const observatory: System = {
  name: "observatory",
  async start({
    dataDir,
    workers,
    profile,
    slots,
    engines: set,
    signal,
  }: StartOptions): Promise<RunningSystem> {
    // PostgreSQL may run as another user, which must be able to enter the data folder.
    await chmod(dataDir, 0o755);
    const started = await startEngines<EngineName>({ root: dataDir, which: enginesOf(set), signal });
    const engines = Object.values<Engine>(started.engines);
    const { postgres: store } = started.engines;
    const services: { name: ServiceName; process: ServiceProcess }[] = [];
    const sql = postgres(store.url, { max: 1, onnotice: () => undefined });
    const urls = Object.fromEntries(
      Object.entries(engineSets[set]).map(([name, engine]) => [name, started.engines[engine].url]),
    ) as Record<UrlName, string>;
    const observations = openObservations({
      eventsUrl: urls.EVENTS_URL,
      cacheUrl: urls.CACHE_URL,
      log: createLog({ service: "bench", level: "silent" }),
    });

    const stop = async () => {
      for (const { process } of services.toReversed()) await process.stop();
      await observations.close();
      await sql.end();
      await started.stop();
    };
    try {
      await keepCommitTimes(store, sql);
      const env = { ...urls, LOG_LEVEL: "warn", NODE_ENV: "production" };
      const concurrency = String(profile === "noop" ? NOOP_CONCURRENCY : slots);
      const start = async (name: ServiceName, more: Record<string, string> = {}) => {
        const process = await startService(name, { ...env, ...more });
        services.push({ name, process });
        return process;
      };
      const processors: ServiceProcess[] = [];
      while (processors.length < workers)
        processors.push(await start("processor", { CONCURRENCY: concurrency }));
      const processorUrl = processors[0]?.url ?? "";
      const gateway = await start("gateway", { PROCESSOR_URL: processorUrl });
      await start("metrics-engine", { PROCESSOR_URL: processorUrl });
      const readModel = await start("read-model");
      return {
        submitUrl: `${gateway.url}/jobs`,
        batchUrl: `${gateway.url}/jobs/batch`,
        readJobIds: readAcceptedIds,
        settings: `${engines.map((engine) => engine.product).join(", ")}; gateway, metrics-engine, read-model, processors: ${workers}, slots per processor: ${concurrency}`,
        dataDir,
        unfinished: (jobIds) => unfinished(sql, jobIds),
        finishedAt: () => finishedAt(sql),
        observed: async () => (await observations.totals()).counters.completed,
        async *changes(signal) {
          // Reads the stream from the read-model, as a page does.
          for await (const update of followStream(() => readModel.url, { signal }))
            if (update.kind === "deltas") yield update.deltas.map(({ at }) => new Date(at));
        },
        walBytes: () => walBytes(sql),
        processes: async () => [
          ...services.map(({ name, process }) => ({ label: name, pid: process.pid })),
          ...engines.map((engine) => ({ label: nameOf(engine), pid: engine.pid })),
          ...(await backends(sql, nameOf(store))),
        ],
        stop,
      };
    } catch (error) {
      await stop();
      throw error;
    }
  },
};

/** Makes PostgreSQL record commit times, because a job counts as finished when its COMPLETED row is committed. */
async function keepCommitTimes(store: Engine, sql: postgres.Sql): Promise<void> {
  await sql`alter system set track_commit_timestamp = on`;
  await store.restart();
}

/**
 * Filters by status in JavaScript: given a condition on the status, PostgreSQL's planner may read every completed job.
 */
async function unfinished(sql: postgres.Sql, jobIds: readonly string[]): Promise<string[]> {
  const rows = await sql<{ id: string; status: string }[]>`
    select id, status from jobs where id = any(${[...jobIds]}::uuid[])`;
  const finished = new Set(rows.flatMap(({ id, status }) => (status === "COMPLETED" ? id : [])));
  return jobIds.filter((id) => !finished.has(id));
}

async function finishedAt(sql: postgres.Sql): Promise<ReadonlyMap<string, number>> {
  const rows = await sql<{ id: string; at: number }[]>`
    select id, (extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000)::float8 as at
    from jobs where status = 'COMPLETED'`;
  return new Map(rows.map((row) => [row.id, row.at]));
}

/**
 * Labels each PostgreSQL backend with its client, so that the report shows how much CPU time PostgreSQL spends on each
 * client.
 */
async function backends(sql: postgres.Sql, server: string): Promise<NamedProcess[]> {
  const rows = await sql<{ pid: number; user: string }[]>`
    select pid, application_name as user from pg_stat_activity
    where backend_type = 'client backend' and pid <> pg_backend_pid()`;
  return rows.map(({ pid, user }) => ({
    label: `${server} for ${/^(processor|read-model|observations)$/.test(user) ? user : "the bus"}`,
    pid,
  }));
}

function nameOf(engine: Engine): string {
  return engine.product.split(" ")[0] ?? engine.name;
}
