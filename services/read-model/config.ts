import { Type } from "@sinclair/typebox";
import { BASE_CONFIG, Secret, Url } from "../../shared/config.ts";

export const Config = Type.Object({
  ...BASE_CONFIG,
  PORT: Type.Integer({ default: 8080, minimum: 0, maximum: 65_535, description: "Port of the API" }),
  DATABASE_URL: Url(["postgres", "postgresql"], { description: "The job store" }),
  EVENTS_URL: Url(["mongodb", "mongodb\\+srv", "postgres", "postgresql"], { description: "The event store" }),
  CACHE_URL: Url(["redis", "rediss", "postgres", "postgresql"], {
    description: "The store of counters, series and the live feed",
  }),
  ALERTMANAGER_URL: Type.Optional(
    Type.String({ pattern: "^https?://.+", description: "Alertmanager to query for alerts" }),
  ),
  PROMETHEUS_URL: Type.Optional(
    Type.String({
      pattern: "^https?://.+",
      description: "Prometheus that scrapes this system, if there is one",
    }),
  ),
  ALERT_WEBHOOK_TOKEN: Type.Optional(
    Secret(
      Type.String({
        minLength: 8,
        description:
          "Bearer token that Alertmanager's webhook must send; without one, the webhook is open only if this service listens on loopback",
      }),
    ),
  ),
  ALERT_WEBHOOK_TOKEN_FILE: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        "File that contains the webhook's token; it may be created after this service has started. ALERT_WEBHOOK_TOKEN takes precedence",
    }),
  ),
  EVENT_RETENTION_HOURS: Type.Integer({
    default: 168,
    minimum: 1,
    maximum: 87_600,
    description: "How long the event store keeps events; must equal the metrics-engine's setting",
  }),
  LEASE_MS: Type.Integer({
    default: 15_000,
    minimum: 500,
    maximum: 3_600_000,
    description:
      "How long after its last heartbeat a processor is presumed dead; must equal the processor's setting",
  }),
});
export type Config = typeof Config.static;
