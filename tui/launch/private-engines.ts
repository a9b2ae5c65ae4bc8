import { rmSync } from "node:fs";
import { join } from "node:path";
import { pause } from "../../shared/async.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Engine, EngineName } from "../engines/engine.ts";
import { takeOver } from "../engines/lease.ts";
import { startEngines } from "../engines/start.ts";
import { type EngineSet, type EngineUrls, PURPOSES, URL_NAMES, type UrlName } from "./engine-set.ts";
import { addressOf } from "./given-urls.ts";
import type { AddressRow } from "./table.ts";

export interface RunningEngines {
  readonly urls: EngineUrls;
  readonly rows: AddressRow[];
  /** The host and port of RabbitMQ's metrics, if RabbitMQ is one of the private engines. */
  readonly brokerMetrics: string | undefined;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

export interface PrivateEnginesOptions {
  readonly set: EngineSet;
  readonly given: Partial<Record<UrlName, string>>;
  /** The parent folder of the engines' data folders. */
  readonly root: string;
  readonly signal: AbortSignal;
  onProgress(line: string): void;
  onReady?(name: EngineName): void;
}

const MAX_RETRY_MS = 10_000;

/** Returns the engines needed for the URLs that the environment does not set. */
export function privateEngines(set: EngineSet, given: Partial<Record<UrlName, string>>): EngineName[] {
  return [...new Set(URL_NAMES.filter((name) => !given[name]).map((name) => set[name]))];
}

/** Starts the engines needed for the URLs that the environment does not set, and returns every URL. */
export async function runEngines(options: PrivateEnginesOptions): Promise<RunningEngines> {
  const { set, given, ...rest } = options;
  const which = privateEngines(set, given);
  const revivals = new Set<Promise<void>>();
  const onCrash = (engine: Engine, end: string) => {
    const revival = revive(engine, end, rest).finally(() => revivals.delete(revival));
    revivals.add(revival);
  };
  const started = await startEngines({ ...rest, which, onCrash });
  const engines = Object.values(started.engines) as Engine[];
  const engineOf = (name: UrlName) => engines.find((engine) => engine.name === set[name]);
  const metricsPort = "rabbitmq" in started.engines ? started.engines.rabbitmq.metricsPort : undefined;
  const urlFor = (name: UrlName) => given[name] ?? engineOf(name)?.url ?? "";

  return {
    urls: Object.fromEntries(URL_NAMES.map((name) => [name, urlFor(name)])) as EngineUrls,
    rows: [
      ...engines.map((engine) => ({
        name: engine.product,
        address: `127.0.0.1:${engine.port}`,
        purpose: URL_NAMES.filter((name) => !given[name] && set[name] === engine.name)
          .map((name) => PURPOSES[name])
          .join("; "),
      })),
      ...URL_NAMES.flatMap((name) => {
        const url = given[name];
        return url
          ? [{ name, address: addressOf(url), purpose: `${PURPOSES[name]}, from the environment` }]
          : [];
      }),
    ],
    brokerMetrics: metricsPort === undefined ? undefined : `127.0.0.1:${metricsPort}`,
    async stop() {
      await Promise.all(revivals);
      await started.stop();
    },
    async kill() {
      await Promise.all(engines.map((engine) => engine.kill()));
    },
  };
}

/** Restarts an engine that ended unexpectedly, and retries until it answers or `signal` aborts. */
export async function revive(
  engine: Pick<Engine, "product" | "port" | "restart">,
  end: string,
  { signal, onProgress }: Pick<PrivateEnginesOptions, "signal" | "onProgress">,
): Promise<void> {
  onProgress(`${engine.product} ${end}: restarting it`);
  for (let retryMs = 500; !signal.aborted; retryMs = Math.min(retryMs * 2, MAX_RETRY_MS)) {
    try {
      await engine.restart();
      return onProgress(`${engine.product} on 127.0.0.1:${engine.port} answers again`);
    } catch (error) {
      onProgress(`${messageOf(error)}\n  retrying in ${retryMs / 1_000} s`);
      await pause(retryMs, signal);
    }
  }
}

/** Removes engines' data, after ending engines that a killed run left behind. Throws if another run uses the data. */
export async function removeEngineData(root: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await takeOver(join(root, name));
    rmSync(join(root, name), { recursive: true, force: true });
  }
}
