import type { RedisOptions } from "ioredis";

export interface RedisAddress {
  readonly connect: Pick<RedisOptions, "host" | "port" | "username" | "password" | "db" | "tls">;
  /** The prefix of every key, which lets several systems share one database. */
  readonly prefix: string;
}

/**
 * Parses `redis[s]://[user:password@]host[:port][/db][/name]`. A number in the path is the database, and a name becomes
 * the keys' prefix: `redis://h/2/blue` uses database 2 and starts every key with `blue:`. Throws a TypeError for any
 * other path.
 */
export function parseRedisUrl(text: string, defaultPrefix = "observatory"): RedisAddress {
  const url = new URL(text);
  const parts = url.pathname.split("/").filter(Boolean);
  const db = /^\d+$/.test(parts[0] ?? "") ? Number(parts.shift()) : 0;
  const name = parts.shift() ?? defaultPrefix;
  if (parts.length > 0 || !/^[\w.-]+$/.test(name))
    throw new TypeError(
      "The path of a Redis URL must be /db, /name or /db/name; a name has only letters, digits, -, _ and .",
    );
  return {
    connect: {
      host: url.hostname.replace(/^\[|\]$/g, ""),
      port: Number(url.port || 6379),
      db,
      ...(url.username && { username: decodeURIComponent(url.username) }),
      ...(url.password && { password: decodeURIComponent(url.password) }),
      ...(url.protocol === "rediss:" && { tls: {} }),
    },
    prefix: `${name}:`,
  };
}
