import { Redis, type RedisOptions } from "ioredis";
import { fullJitter } from "../../async.ts";
import { messageOf } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { RedisAddress } from "./url.ts";

/**
 * A connection that is silent for this long during a command is dropped. The limit is longer than the two seconds after
 * which a blocking read without a new entry ends, because silence during such a read is normal.
 */
const SILENT_MS = 5_000;

/**
 * Opens a connection that fails fast while Redis is unavailable, and reconnects with backoff and jitter. The driver
 * neither queues commands for later nor sends them twice: only the caller knows whether repeating them is safe.
 */
export function connectRedis(
  address: RedisAddress,
  { log, name, blocking = false }: { log: Log; name: string; blocking?: boolean },
): Redis {
  const options: RedisOptions = {
    ...address.connect,
    protocol: 2,
    connectionName: name,
    connectTimeout: 2_000,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => 50 + fullJitter(times, 50, 2_000),
    // Without this, a connection whose packets are lost holds its commands until TCP times out, after 15 minutes.
    socketTimeout: SILENT_MS,
    // Blocking reads wait by design, so they need another limit: with this option, the driver gives up shortly after
    // the BLOCK time of the command. The value itself applies only to blocking commands without such a time.
    ...(blocking ? { blockingTimeout: 10_000 } : { commandTimeout: 3_000 }),
  };
  const redis = new Redis(options);
  let isDown = false;
  redis.on("error", (error) => {
    if (!isDown) log.warn("Redis is unavailable", { connection: name, reason: messageOf(error) });
    isDown = true;
  });
  redis.on("close", () => {
    if (!isDown && redis.status !== "end") log.warn("Redis closed the connection", { connection: name });
    isDown = true;
  });
  redis.on("ready", () => {
    if (isDown) log.info("Redis is back", { connection: name });
    isDown = false;
  });
  return redis;
}

/** Returns a function that calls a Lua script by its hash (EVALSHA), and sends the script only if Redis lacks it. */
export function createScript(redis: Redis, lua: string) {
  const hash = new Bun.CryptoHasher("sha1").update(lua).digest("hex");
  return async (keys: readonly string[], args: readonly (string | number | Buffer)[]): Promise<unknown> => {
    try {
      return await redis.evalsha(hash, keys.length, ...keys, ...args);
    } catch (error) {
      if (!messageOf(error).startsWith("NOSCRIPT")) throw error;
      return await redis.eval(lua, keys.length, ...keys, ...args);
    }
  };
}
export type Script = ReturnType<typeof createScript>;
