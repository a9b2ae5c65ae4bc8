import { ConfigError } from "../config.ts";
import { type AmqpBusOptions, createAmqpBus } from "./amqp.ts";
import type { Bus } from "./port.ts";

export type BusOptions = AmqpBusOptions;

/** Open the bus that the URL's scheme names. It connects in the background; throws {@link ConfigError} for another scheme. */
export function openBus(options: BusOptions): Bus {
  const scheme = /^([a-z]+):/.exec(options.url)?.[1];
  switch (scheme) {
    case "amqp":
    case "amqps":
      return createAmqpBus(options);
    case "postgres":
    case "postgresql":
      throw new ConfigError(
        "BUS_URL names PostgreSQL, which cannot carry the bus yet: expected amqp:// or amqps://",
      );
    default:
      throw new ConfigError(
        `BUS_URL has the scheme ${JSON.stringify(scheme ?? "")}: expected amqp:// or amqps://`,
      );
  }
}
