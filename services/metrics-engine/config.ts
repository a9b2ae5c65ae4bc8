import { Type } from "@sinclair/typebox";
import { BASE_CONFIG, Url } from "../../shared/config.ts";

export const Config = Type.Object({
  ...BASE_CONFIG,
  PORT: Type.Integer({
    default: 3003,
    minimum: 0,
    maximum: 65_535,
    description: "Port for health checks and metrics",
  }),
  BUS_URL: Url(["amqp", "amqps", "postgres", "postgresql"], { description: "The message bus" }),
  EVENTS_URL: Url(["mongodb", "mongodb\\+srv", "postgres", "postgresql"], { description: "The event store" }),
  CACHE_URL: Url(["redis", "rediss", "postgres", "postgresql"], {
    description: "The store of counters, series and the live feed",
  }),
  PROCESSOR_URL: Type.String({
    default: "http://127.0.0.1:3001",
    pattern: "^https?://[^,]+(,https?://[^,]+)*$",
    description: "Processor base URLs for snapshots, separated by commas",
  }),
  EVENT_RETENTION_HOURS: Type.Integer({
    default: 168,
    minimum: 1,
    maximum: 87_600,
    description: "How long events are kept",
  }),
  SNAPSHOT_EVERY_MS: Type.Integer({
    default: 5_000,
    minimum: 100,
    maximum: 600_000,
    description: "How often queues and workers are measured",
  }),
});
export type Config = typeof Config.static;
