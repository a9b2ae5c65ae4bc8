import { ConfigError } from "../config.ts";
import { createMongoRedisObservations, type MongoRedisOptions } from "./mongo-redis.ts";
import type { Observations } from "./port.ts";

export type ObservationsOptions = MongoRedisOptions;

/**
 * Open the observations that the URLs' schemes name. They connect in the background; throws {@link ConfigError} for
 * schemes that do not go together.
 */
export function openObservations(options: ObservationsOptions): Observations {
  const events = schemeOf(options.eventsUrl);
  const cache = schemeOf(options.cacheUrl);
  if (/^mongodb(\+srv)?$/.test(events) && /^rediss?$/.test(cache))
    return createMongoRedisObservations(options);
  if (events.startsWith("postgres") || cache.startsWith("postgres"))
    throw new ConfigError(
      "EVENTS_URL or CACHE_URL names PostgreSQL, which cannot keep observations yet: expected mongodb:// and redis://",
    );
  throw new ConfigError(
    `EVENTS_URL and CACHE_URL have the schemes ${events || "none"} and ${cache || "none"}: expected mongodb:// and redis://`,
  );
}

function schemeOf(url: string): string {
  return /^([a-z+]+):\/\//.exec(url)?.[1] ?? "";
}
