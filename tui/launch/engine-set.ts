import type { EngineName } from "../engines/engine.ts";

export const URL_NAMES = ["BUS_URL", "DATABASE_URL", "EVENTS_URL", "CACHE_URL"] as const;
export type UrlName = (typeof URL_NAMES)[number];

/** The engine URLs passed to every service. */
export type EngineUrls = Record<UrlName, string>;

/** The private engine for each URL that the environment does not set. */
export type EngineSet = Readonly<Record<UrlName, EngineName>>;

export const FULL_SET: EngineSet = {
  BUS_URL: "rabbitmq",
  DATABASE_URL: "postgres",
  EVENTS_URL: "mongo",
  CACHE_URL: "redis",
};

/** Keeps everything in one PostgreSQL, so nothing else has to be installed. */
export const EMBEDDED_SET: EngineSet = {
  BUS_URL: "postgres",
  DATABASE_URL: "postgres",
  EVENTS_URL: "postgres",
  CACHE_URL: "postgres",
};

export const engineSets = { embedded: EMBEDDED_SET, full: FULL_SET } as const;
export type EngineSetName = keyof typeof engineSets;

/** The values of `--engines`: a set of private engines, or the compose.yaml engines. */
export type EnginesChoice = EngineSetName | "compose";
export const ENGINES_CHOICES: readonly EnginesChoice[] = ["embedded", "full", "compose"];

export const PURPOSES: Readonly<Record<UrlName, string>> = {
  BUS_URL: "message bus",
  DATABASE_URL: "job store",
  EVENTS_URL: "event store",
  CACHE_URL: "counters and live feed",
};
