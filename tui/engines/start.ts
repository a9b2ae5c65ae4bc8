import { join, resolve } from "node:path";
import type { Engine, EngineName, EngineOptions } from "./engine.ts";
import { missingEngines } from "./missing.ts";
import { startMongo } from "./mongo.ts";
import { startPostgres } from "./postgres.ts";
import { type RabbitmqEngine, startRabbitmq } from "./rabbitmq.ts";
import { startRedis } from "./redis.ts";

export interface EngineMap {
  postgres: Engine;
  rabbitmq: RabbitmqEngine;
  redis: Engine;
  mongo: Engine;
}

export interface StartEnginesOptions<Name extends EngineName> {
  /** The parent folder of the engines' data folders. */
  root: string;
  /** Default: all four. */
  which?: readonly Name[];
  /** Default: free ports. */
  ports?: Partial<Record<EngineName, number>>;
  onProgress?(line: string): void;
  onReady?(name: EngineName): void;
  /** Called if an engine ends unexpectedly; `end` describes how. */
  onCrash?(engine: Engine, end: string): void;
  /** Aborts the start; engines already started are stopped. */
  signal?: AbortSignal;
}

export interface StartedEngines<Name extends EngineName> {
  engines: Pick<EngineMap, Name>;
  /** Stops all engines; may be called twice. */
  stop(): Promise<void>;
}

const starters: { [Name in EngineName]: (options: EngineOptions) => Promise<EngineMap[Name]> } = {
  postgres: startPostgres,
  rabbitmq: startRabbitmq,
  redis: startRedis,
  mongo: startMongo,
};

/**
 * Starts private engines in parallel, after ending any that a killed run left behind in the same root. If one cannot
 * start, the others are stopped. If an engine is not installed, the error names the remedy.
 */
export async function startEngines<Name extends EngineName = EngineName>(
  options: StartEnginesOptions<Name>,
): Promise<StartedEngines<Name>> {
  const names = options.which ?? (Object.keys(starters) as Name[]);
  const missing = missingEngines([...names]);
  if (missing.length > 0) {
    throw new Error(missing.map(({ problem, remedy }) => `${problem}; try: ${remedy}`).join("\n"));
  }
  const startOne = async (name: Name): Promise<Engine> => {
    const startedAt = performance.now();
    const { ports, signal, onProgress } = options;
    const dataDir = join(resolve(options.root), name);
    const onCrash = (end: string) => options.onCrash?.(engine, end);
    const engine: Engine = await starters[name]({
      dataDir,
      port: ports?.[name],
      signal,
      onProgress,
      onCrash,
    });
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    options.onReady?.(name);
    onProgress?.(`${engine.product} on 127.0.0.1:${engine.port}, ready in ${seconds} s`);
    return engine;
  };

  const results = await Promise.allSettled(names.map(startOne));
  const started = results.filter((one) => one.status === "fulfilled").map((one) => one.value);
  const stop = async () => {
    await Promise.all(started.map((engine) => engine.stop()));
  };
  const failed = results.find((one) => one.status === "rejected");
  if (failed) {
    await stop();
    throw failed.reason;
  }
  const engines = Object.fromEntries(started.map((engine) => [engine.name, engine]));
  return { engines: engines as Pick<EngineMap, Name>, stop };
}
