import { ConfigError } from "../config.ts";
import { type AmqpBusOptions, createAmqpBus } from "./amqp.ts";
import type { Bus } from "./port.ts";
import { createPostgresBus } from "./postgres.ts";

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
      return createPostgresBus(options);
    default:
      throw new ConfigError(
        `BUS_URL has the scheme ${JSON.stringify(scheme ?? "")}: expected amqp://, amqps:// or postgres://`,
      );
  }
}
