import { ConfigError } from "../config.ts";
import { createMongoRedisObservations, type MongoRedisOptions } from "./mongo-redis/observations.ts";
import type { Observations } from "./port.ts";
import { createPostgresObservations, type PostgresObservationsOptions } from "./postgres/observations.ts";

export type ObservationsOptions = MongoRedisOptions & PostgresObservationsOptions;

/**
 * Opens the observations in the engines that the URLs' schemes name. They connect in the background. Throws
 * {@link ConfigError} if the schemes cannot be combined, or if the URLs name two PostgreSQL databases.
 */
export function openObservations(options: ObservationsOptions): Observations {
  const events = schemeOf(options.eventsUrl);
  const cache = schemeOf(options.cacheUrl);
  if (/^mongodb(\+srv)?$/.test(events) && /^rediss?$/.test(cache))
    return createMongoRedisObservations(options);
  if (/^postgres(ql)?$/.test(events) && /^postgres(ql)?$/.test(cache))
    return createPostgresObservations(options);
  throw new ConfigError(
    `EVENTS_URL and CACHE_URL have the schemes ${events || "none"} and ${cache || "none"}: expected mongodb:// and redis://, or both postgres://`,
  );
}

function schemeOf(url: string): string {
  return /^([a-z+]+):\/\//.exec(url)?.[1] ?? "";
}
