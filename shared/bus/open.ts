import { ConfigError } from "../config.ts";
import { type AmqpBusOptions, createAmqpBus } from "./amqp/bus.ts";
import { compressed } from "./compression.ts";
import type { Bus } from "./port.ts";
import { createPostgresBus } from "./postgres/bus.ts";

export type BusOptions = AmqpBusOptions;

/**
 * Opens the bus that the URL's scheme names. It connects in the background. Throws {@link ConfigError} for any other
 * scheme.
 */
export function openBus(options: BusOptions): Bus {
  const scheme = /^([a-z]+):/.exec(options.url)?.[1];
  switch (scheme) {
    case "amqp":
    case "amqps":
      return compressed(createAmqpBus(options));
    case "postgres":
    case "postgresql":
      return compressed(createPostgresBus(options));
    default:
      throw new ConfigError(
        `BUS_URL has the scheme ${JSON.stringify(scheme ?? "")}: expected amqp://, amqps:// or postgres://`,
      );
  }
}
