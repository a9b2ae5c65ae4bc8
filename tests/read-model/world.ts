import { rmSync } from "node:fs";
import { Redis } from "ioredis";
import postgres from "postgres";
import { openJobStore } from "../../services/processor/job-store.ts";
import type { Config } from "../../services/read-model/config.ts";
import { createReadModel } from "../../services/read-model/read-model.ts";
import { listen } from "../../shared/http/listen.ts";
import { createLog } from "../../shared/log.ts";
import { createMetrics } from "../../shared/metrics.ts";
import { openObservations } from "../../shared/observations/open.ts";
import type { Observations } from "../../shared/observations/port.ts";
import { createLifecycle, type Lifecycle } from "../../shared/process-lifecycle.ts";
import { TRACING_OFF } from "../../shared/tracing.ts";
import { until } from "../../shared/until.ts";
import { type StartedEngines, startEngines } from "../../tui/engines/start.ts";
import { createEngineFolder } from "../support/engine-folder.ts";
import { createTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";

const log = createLog({ service: "read-model", level: process.env.TEST_LOG === "1" ? "debug" : "silent" });

export interface ReadModel {
  readonly url: string;
  readonly life: Lifecycle;
}

/** Starts real engines behind proxies, and creates the job store's tables. Read-models run in the test's process. */
export async function createWorld() {
  const root = createEngineFolder("read-model-");
  const run: StartedEngines<"postgres" | "redis" | "mongo"> = await startEngines({
    root,
    which: ["postgres", "redis", "mongo"],
  });
  const { postgres: store, redis, mongo } = run.engines;
  const sql = postgres(store.url, { max: 4, onnotice: () => undefined });
  const jobStore = openJobStore({ url: store.url, max: 2, log });
  await jobStore.migrate(AbortSignal.timeout(30_000));
  await jobStore.close();

  const networks: Record<"postgres" | "redis" | "mongo", TcpProxy> = {
    postgres: await createTcpProxy({ targetPort: store.port }),
    redis: await createTcpProxy({ targetPort: redis.port }),
    mongo: await createTcpProxy({ targetPort: mongo.port }),
  };
  const through = (engine: keyof typeof networks, path = "") => {
    const url = new URL(run.engines[engine].url);
    url.port = String(networks[engine].port);
    return `${url}${path}`;
  };
  // The writer bypasses the proxies, so a test cuts off only the read-model.
  const observations: Observations = openObservations({ eventsUrl: mongo.url, cacheUrl: redis.url, log });
  await until(async () => Object.values(await observations.health()).every(Boolean), {
    timeoutMs: 30_000,
    what: () => "the observations' engines to answer",
  });
  await observations.connected(AbortSignal.timeout(30_000));

  const cache = new Redis(redis.url);

  const running: ReadModel[] = [];
  return {
    sql,
    observations,
    networks,
    storeUrl: store.url,
    /** The engines' URLs, without the proxies, as environment variables for a service. */
    urls: { DATABASE_URL: store.url, EVENTS_URL: mongo.url, CACHE_URL: redis.url },
    /** Deletes every stored event, and all counts and other data derived from events. */
    async forgetEvents() {
      await observations.prune(new Date(8.64e15));
      await cache.flushall();
    },
    /** Starts a read-model on a free port. Resolves once it is ready. */
    async start(settings: Partial<Config> = {}): Promise<ReadModel> {
      const life = createLifecycle({ log, graceMs: 5_000 });
      const config: Config = {
        LOG_LEVEL: "silent",
        BIND_ADDRESS: "127.0.0.1",
        ALLOWED_ORIGINS: "",
        STOP_GRACE_MS: 5_000,
        OTEL_TRACES_SAMPLER_ARG: 1,
        PORT: 0,
        DATABASE_URL: through("postgres"),
        EVENTS_URL: through("mongo"),
        CACHE_URL: through("redis"),
        EVENT_RETENTION_HOURS: 168,
        LEASE_MS: 15_000,
        ...settings,
      };
      const app = createReadModel({
        service: "read-model",
        version: "1.0.0",
        instanceId: "read-model-test",
        config,
        log,
        life,
        metrics: createMetrics("read-model"),
        makeEvent: () => {
          throw new Error("the read-model creates no events");
        },
        tracing: TRACING_OFF,
      });
      const port = listen({ app, port: config.PORT, bindAddress: config.BIND_ADDRESS, life, log });
      const started = { url: `http://127.0.0.1:${port}`, life };
      running.push(started);
      await until(async () => (await fetch(`${started.url}/readyz`)).ok, {
        timeoutMs: 30_000,
        what: () => "the read-model to be ready",
      });
      return started;
    },
    async stop() {
      await Promise.all(running.map(({ life }) => life.stop("the tests are over")));
      await observations.close();
      cache.disconnect();
      await sql.end({ timeout: 1 });
      for (const network of Object.values(networks)) await network.close();
      await run.stop();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
export type World = Awaited<ReturnType<typeof createWorld>>;
