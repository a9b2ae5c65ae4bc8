import postgres from "postgres";
import type { JobDetail, Ledger } from "../../contracts/api-queries.ts";
import { findFreePort } from "../../shared/engines/port.ts";
import { testEngines } from "./engines.ts";
import { type ServiceName, type ServiceProcess, startService } from "./service-process.ts";
import { createTcpProxy } from "./tcp-proxy.ts";
import { eventually } from "./wait.ts";

type Proxy = Awaited<ReturnType<typeof createTcpProxy>>;
/** A service that does not answer within this has hung, and the test should say so. */
const ANSWER_MS = 20_000;
/** Of processors that run at a time in one world. */
const MAX_PROCESSORS = 4;

export type ProxiedEngine = "postgres" | "rabbitmq" | "mongo" | "redis";

export interface WorldOptions {
  /** How many processors; 1. */
  readonly processors?: number;
  /** Engines that the services reach through a proxy, to be cut or frozen. */
  readonly proxied?: readonly ProxiedEngine[];
  /** Variables of one service or, under `all`, of every one. */
  readonly env?: Partial<Record<ServiceName | "all", Readonly<Record<string, string>>>>;
  /** Which services run; all four. */
  readonly services?: readonly ServiceName[];
}

/** A whole system of its own: fresh vhost, databases and prefix on the shared engines, real service processes. */
export type World = Awaited<ReturnType<typeof createWorld>>;

export async function createWorld({
  processors = 1,
  proxied = [],
  env = {},
  services = ["processor", "gateway", "metrics-engine", "read-model"],
}: WorldOptions = {}) {
  const engines = await testEngines();
  const name = `w${crypto.randomUUID().slice(0, 8)}`;
  const undo: (() => Promise<void>)[] = [];

  const vhostUrl = await engines.rabbitmq.createVhost(name);
  undo.push(() => engines.rabbitmq.deleteVhost(name));
  const admin = postgres(engines.postgres.url, { max: 1, onnotice: () => undefined });
  await admin.unsafe(`create database ${name}`);
  undo.push(async () => {
    await admin.unsafe(`drop database ${name} with (force)`);
    await admin.end();
  });

  const proxies = {} as Record<ProxiedEngine, Proxy>;
  for (const engine of proxied) {
    const proxy = await createTcpProxy({ targetPort: engines[engine].port });
    proxies[engine] = proxy;
    undo.push(() => proxy.close());
  }
  const through = (engine: ProxiedEngine, url: string) => {
    const target = new URL(url);
    if (proxies[engine]) target.port = String(proxies[engine].port);
    return target.href;
  };
  const databaseUrl = withPath(engines.postgres.url, name);
  const urls = {
    BUS_URL: through("rabbitmq", vhostUrl),
    DATABASE_URL: through("postgres", databaseUrl),
    EVENTS_URL: through("mongo", withPath(engines.mongo.url, name)),
    CACHE_URL: through("redis", withPath(engines.redis.url, name)),
  };

  const running = {} as Record<ServiceName, ServiceProcess>;
  const workers: ServiceProcess[] = [];
  const sql = postgres(databaseUrl, { max: 2, onnotice: () => undefined });
  undo.push(() => sql.end());

  // A fixed place for each processor, so that others find one that was started again.
  const places = await Promise.all(Array.from({ length: MAX_PROCESSORS }, () => findFreePort()));
  const processorUrls = places.map((port) => `http://127.0.0.1:${port}`);
  const start = async (service: ServiceName, extra: Readonly<Record<string, string>> = {}) => {
    const place: Record<string, string> = {};
    if (service === "processor") {
      const taken = new Set(workers.filter((worker) => !worker.hasEnded()).map((worker) => worker.url));
      place.PORT = String(places[processorUrls.findIndex((url) => !taken.has(url))]);
    }
    const started = await startService(service, {
      ...urls,
      PROCESSOR_URL: processorUrls.join(","),
      ...place,
      ...env.all,
      ...env[service],
      ...extra,
    });
    if (service === "processor") workers.push(started);
    running[service] = started;
    return started;
  };

  const world = {
    engines,
    urls,
    proxies,
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

    /** Submit a job that must be accepted; gives its id. */
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
      if (!reply.ok) throw new Error(`GET ${path} answered ${reply.status}: ${await reply.text()}`);
      return (await reply.json()) as T;
    },

    job: (id: string) => world.get<JobDetail>(`/jobs/${id}`),

    /** Wait until the store has the job at this status. */
    async untilStatus(id: string, status: string, timeoutMs = 30_000): Promise<void> {
      await eventually(
        async () => (await sql`select status from jobs where id = ${id}`)[0]?.status === status,
        { what: `job ${id} to be ${status}`, timeoutMs },
      );
    },

    /** Wait until all of these jobs have this status. */
    async untilAll(ids: readonly string[], status: string, timeoutMs = 60_000): Promise<void> {
      await eventually(
        async () => {
          const [row] =
            await sql`select count(*)::int as count from jobs where id = any(${ids as string[]}::uuid[]) and status = ${status}`;
          if (row?.count === ids.length) return true;
          throw new Error(`${row?.count} of ${ids.length} are ${status}`);
        },
        { what: `${ids.length} jobs to be ${status}`, timeoutMs, everyMs: 100 },
      );
    },

    /** Wait until the ledger has nothing in flight and everything observed, and give it. It must be balanced. */
    async settledLedger(timeoutMs = 60_000): Promise<Ledger> {
      let last: Ledger | undefined;
      try {
        return await eventually(
          async () => {
            last = await world.get<Ledger>("/ledger?settleMs=0");
            const [row] = await sql`select count(*)::int as count from jobs`;
            return last.settled && last.balanced && Number(row?.count) <= last.accepted && last;
          },
          { what: "the ledger to settle at zero", timeoutMs, everyMs: 250 },
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
      for (const step of undo.reverse()) await step();
    },
  };

  try {
    for (const service of services)
      for (let n = 0; n < (service === "processor" ? processors : 1); n++) await start(service);
    return world;
  } catch (error) {
    await world[Symbol.asyncDispose]();
    throw error;
  }
}

function withPath(url: string, path: string): string {
  const target = new URL(url);
  target.pathname = `/${path}`;
  return target.href;
}
