import postgres from "postgres";
import type { JobDetail, Ledger } from "../../contracts/api-queries.ts";
import { JOB_SERVICES, type ServiceName } from "../../contracts/services.ts";
import type { EngineName } from "../../tui/engines/engine.ts";
import { findFreePort } from "../../tui/engines/port.ts";
import type { EngineSetName } from "../../tui/launch/engine-set.ts";
import { chosenSet } from "./engines.ts";
import { createProcessorProxy, type ProcessorProxy } from "./processor-proxy.ts";
import { type ServiceProcess, startService } from "./service-process.ts";
import type { TcpProxy } from "./tcp-proxy.ts";
import { eventually } from "./wait.ts";
import { createWorldEngines } from "./world-engines.ts";

/** A service that does not answer within this time counts as hung, and the request fails. */
const ANSWER_MS = 20_000;
/** Maximum number of processors that run at once in a world. */
const MAX_PROCESSORS = 4;

export interface WorldOptions {
  /** The engine set: all four engines, or PostgreSQL alone. Defaults to the set chosen for the run. */
  readonly engines?: EngineSetName;
  /** The number of processors; 1 by default. */
  readonly processors?: number;
  /** Engines that the services reach through a proxy, which can be cut or frozen. */
  readonly proxied?: readonly EngineName[];
  /** Whether each processor reaches PostgreSQL through its own proxy, so that a test can cut off one processor. */
  readonly partitionable?: true;
  /** Environment variables by service; `all` applies to every service. */
  readonly env?: Partial<Record<ServiceName | "all", Readonly<Record<string, string>>>>;
  /** The services to run; all four by default. */
  readonly services?: readonly ServiceName[];
}

/** A complete system: real service processes with their own database, vhost and prefix on the shared engines. */
export type World = Awaited<ReturnType<typeof createWorld>>;

export async function createWorld({
  engines: set = chosenSet(),
  processors = 1,
  proxied = [],
  partitionable,
  env = {},
  services = JOB_SERVICES,
}: WorldOptions = {}) {
  const undo: (() => Promise<unknown>)[] = [];
  const undoAll = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  const name = `w${crypto.randomUUID().slice(0, 8)}`;
  const made = createWorldEngines(set, name, proxied, undo);
  const { engine, proxies, urls, databaseUrl } = await made.catch(async (error: unknown) => {
    await undoAll();
    throw error;
  });

  const running = {} as Record<ServiceName, ServiceProcess>;
  const workers: ServiceProcess[] = [];
  const sql = postgres(databaseUrl, { max: 2, onnotice: () => undefined });
  undo.push(() => sql.end());

  // Each processor has a fixed port, so that other services find it after a restart.
  const places = await Promise.all(Array.from({ length: MAX_PROCESSORS }, () => findFreePort()));
  const processorUrls = places.map((port) => `http://127.0.0.1:${port}`);
  // Each port keeps its proxy, so a restarted processor finds the network in the state (such as cut) in which its
  // predecessor left it.
  const partitions: ProcessorProxy[] = [];
  for (const url of partitionable ? processorUrls : []) {
    const own = await createProcessorProxy(urls, url);
    partitions.push(own);
    undo.push(own.proxy.close);
  }
  // Fixed, so that the links to the read-model in the gateway's replies stay valid after a restart.
  const readModelPort = await findFreePort();
  const start = async (service: ServiceName, extra: Readonly<Record<string, string>> = {}, root?: string) => {
    const place: Record<string, string> = {};
    if (service === "processor") {
      const taken = new Set(workers.filter((worker) => !worker.hasEnded()).map((worker) => worker.url));
      const free = processorUrls.findIndex((url) => !taken.has(url));
      place.PORT = String(places[free]);
      Object.assign(place, partitions[free]?.urls);
    }
    if (service === "read-model" && (running[service]?.hasEnded() ?? true))
      place.PORT = String(readModelPort);
    const variables = {
      ...urls,
      PROCESSOR_URL: processorUrls.join(","),
      READ_MODEL_URL: `http://127.0.0.1:${readModelPort}`,
      // The ledger settles only after the next measurement of the queues, so measure them often.
      SNAPSHOT_EVERY_MS: "500",
      ...place,
      ...env.all,
      ...env[service],
      ...extra,
    };
    const started = await startService(service, variables, { root });
    if (service === "processor") workers.push(started);
    running[service] = started;
    return started;
  };

  const world = {
    set,
    engine,
    urls,
    proxies,
    /** Returns the proxy between a processor and PostgreSQL in a partitionable world. */
    partitionOf(processor: ServiceProcess): TcpProxy {
      const own = partitions.find(({ processorUrl }) => processorUrl === processor.url);
      if (!own) throw new Error(`the processor at ${processor.url} has no proxy of its own`);
      return own.proxy;
    },
    sql,
    workers,
    running,
    start,
    gateway: () => running.gateway.url,
    readModel: () => running["read-model"].url,

    async post(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
      return fetch(`${running.gateway.url}${path}`, {
        method: "POST",
        headers: { ...(body !== undefined && { "content-type": "application/json" }), ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(ANSWER_MS),
      });
    },

    /** Submits a job that must be accepted; returns its id. */
    async submit(job: Record<string, unknown>, headers: Record<string, string> = {}): Promise<string> {
      const reply = await world.post("/jobs", job, headers);
      if (reply.status !== 202)
        throw new Error(`the job was not accepted: ${reply.status} ${await reply.text()}`);
      return ((await reply.json()) as { jobId: string }).jobId;
    },

    async submitMany(jobs: readonly Record<string, unknown>[]): Promise<string[]> {
      const ids: string[] = [];
      for (let i = 0; i < jobs.length; i += 1_000) {
        const reply = await world.post("/jobs/batch", { jobs: jobs.slice(i, i + 1_000) });
        const { results, refused } = (await reply.json()) as {
          refused: number;
          results: { jobId: string }[];
        };
        if (reply.status !== 202 || refused > 0)
          throw new Error(`not all jobs were accepted: ${reply.status}, ${refused} refused`);
        ids.push(...results.map((result) => result.jobId));
      }
      return ids;
    },

    async get<T>(path: string): Promise<T> {
      const reply = await fetch(`${running["read-model"].url}${path}`, {
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      if (!reply.ok) throw new Error(`GET ${path} returned status ${reply.status}: ${await reply.text()}`);
      return (await reply.json()) as T;
    },

    job: (id: string) => world.get<JobDetail>(`/jobs/${id}`),

    /** Waits until the store has the job in this status. */
    async untilStatus(id: string, status: string, timeoutMs = 30_000): Promise<void> {
      await eventually(
        async () => (await sql`select status from jobs where id = ${id}`)[0]?.status === status,
        { what: `job ${id} to be ${status}`, timeoutMs },
      );
    },

    /** Waits until all of these jobs have this status. */
    async untilAll(ids: readonly string[], status: string, timeoutMs = 60_000): Promise<void> {
      await eventually(
        async () => {
          const [row] = await sql`select count(*)::int as count from jobs
              where id = any(${ids as string[]}::uuid[]) and status = ${status}`;
          if (row?.count === ids.length) return true;
          throw new Error(`${row?.count} of ${ids.length} are ${status}`);
        },
        { what: `${ids.length} jobs to be ${status}`, timeoutMs, everyMs: 100 },
      );
    },

    /** Waits until the ledger is settled and balanced and counts every stored job, and returns it. */
    async settledLedger(timeoutMs = 60_000): Promise<Ledger> {
      let last: Ledger | undefined;
      try {
        return await eventually(
          async () => {
            last = await world.get<Ledger>("/ledger?settleMs=0");
            const [row] = await sql`select count(*)::int as count from jobs`;
            return last.settled && last.balanced && Number(row?.count) <= last.accepted && last;
          },
          { what: "the ledger to be settled and balanced", timeoutMs, everyMs: 250 },
        );
      } catch (error) {
        throw new Error(`${(error as Error).message}\n${JSON.stringify(last)}`);
      }
    },

    async [Symbol.asyncDispose]() {
      const processes = [...new Set([...Object.values(running), ...workers])];
      await Promise.all(
        processes.map(async (process) => {
          process.signal("SIGCONT");
          const gone = await Promise.race([process.stop(), Bun.sleep(15_000).then(() => "late")]);
          if (gone === "late") await process.kill();
        }),
      );
      await undoAll();
    },
  };

  try {
    // Processors start first, one after another: each takes a free port, and the first creates the tables.
    if (services.includes("processor")) for (let n = 0; n < processors; n++) await start("processor");
    const others = services.filter((service) => service !== "processor").map((service) => start(service));
    // Waits until every service has started or failed, so that nothing is undone while a service is still starting.
    await Promise.allSettled(others);
    await Promise.all(others);
    return world;
  } catch (error) {
    await world[Symbol.asyncDispose]();
    throw error;
  }
}
