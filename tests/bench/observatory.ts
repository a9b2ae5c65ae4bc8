import { chmod } from "node:fs/promises";
import postgres from "postgres";
import type { Stats } from "../../contracts/api-queries.ts";
import type { ServiceName } from "../../contracts/services.ts";
import type { Engine, EngineName } from "../../tui/engines/engine.ts";
import { startEngines } from "../../tui/engines/start.ts";
import { engineSets, type UrlName } from "../../tui/launch/engine-set.ts";
import { enginesOf } from "../support/engines.ts";
import { type ServiceProcess, startService } from "../support/service-process.ts";
import { readAcceptedIds } from "./accepted-ids.ts";
import type { RunningSystem, StartOptions, System } from "./system.ts";

const NOOP_CONCURRENCY = 256;

/** Our own system: all four services, from source, on the four engines or on the one PostgreSQL for everything. */
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
    // The database server runs as another user, who must be able to enter.
    await chmod(dataDir, 0o755);
    const started = await startEngines<EngineName>({ root: dataDir, which: enginesOf(set), signal });
    const engines = Object.values<Engine>(started.engines);
    const { postgres: store } = started.engines;
    const services: { name: ServiceName; process: ServiceProcess }[] = [];
    const sql = postgres(store.url, { max: 1, onnotice: () => undefined });

    const stop = async () => {
      for (const { process } of services.toReversed()) await process.stop();
      await sql.end();
      await started.stop();
    };
    try {
      await keepCommitTimes(store, sql);
      const urls = Object.entries(engineSets[set]).map(([name, engine]) => [
        name,
        started.engines[engine].url,
      ]);
      const env = {
        ...(Object.fromEntries(urls) as Record<UrlName, string>),
        LOG_LEVEL: "warn",
        NODE_ENV: "production",
      };
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
        settings: `${engines.map((engine) => engine.product).join(", ")}; gateway, ${workers} processor(s) of ${concurrency} slots, metrics-engine, read-model`,
        async completedCount() {
          const counts = await Promise.all(processors.map((processor) => completedBy(processor)));
          return counts.reduce((sum, count) => sum + count, 0);
        },
        async finishedAt() {
          const rows = await sql<{ id: string; at: number }[]>`
            select id, (extract(epoch from pg_xact_commit_timestamp(xmin)) * 1000)::float8 as at from jobs where status = 'COMPLETED'`;
          return new Map(rows.map((row) => [row.id, row.at]));
        },
        async settle() {
          const [row] = await sql<
            { done: number }[]
          >`select count(*)::int as done from jobs where status = 'COMPLETED'`;
          for (;;) {
            const { counters } = (await (await fetch(`${readModel.url}/stats`)).json()) as Stats;
            if (counters.completed >= (row?.done ?? 0)) return;
            signal.throwIfAborted();
            await Bun.sleep(100);
          }
        },
        processes: () => [
          ...services.map(({ name, process }) => ({ label: name, pid: process.pid })),
          ...engines.map((engine) => ({
            label: engine.product.split(" ")[0] ?? engine.name,
            pid: engine.pid,
          })),
        ],
        stop,
      };
    } catch (error) {
      await stop();
      throw error;
    }
  },
};

/** A job counts as finished when its COMPLETED row is committed; only the server knows that moment. */
async function keepCommitTimes(store: Engine, sql: postgres.Sql): Promise<void> {
  await sql`alter system set track_commit_timestamp = on`;
  await store.restart();
}

async function completedBy({ url }: ServiceProcess): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^observatory_attempts_total\{[^}]*outcome="succeeded"[^}]*\} (\d+)/m.exec(text)?.[1] ?? 0);
}
