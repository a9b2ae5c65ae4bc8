import { type Static, Type } from "@sinclair/typebox";
import { published } from "./schema.ts";
import { entryOf, portOf } from "./services.ts";

/** The schema of `UI_REGISTRY`, which lists the web interfaces for people. */
export const UiRegistry = published(
  "ui-registry",
  "1.0.0",
  Type.Object({
    interfaces: Type.Array(
      Type.Object({
        id: Type.String({ pattern: "^[a-z][a-z0-9-]{0,31}$" }),
        name: Type.String({ minLength: 1, maxLength: 40 }),
        port: Type.Integer({ minimum: 1, maximum: 65_535 }),
        path: Type.String({ pattern: "^/[!-~]*$", maxLength: 200 }),
        emoji: Type.String({ minLength: 1, maxLength: 8 }),
        description: Type.String({ minLength: 1, maxLength: 200 }),
      }),
      { minItems: 1 },
    ),
  }),
);
export type UiRegistry = Static<typeof UiRegistry>;

const PAGES = [
  {
    id: "web",
    name: "Web dashboard",
    path: "/",
    emoji: "🖥️",
    description: "The terminal interface in the browser, and a plain dashboard beside it",
    port: publishedPort("web-ui"),
  },
  {
    id: "gateway-docs",
    name: "Gateway API docs",
    path: "/docs",
    emoji: "🚪",
    description: "The commands: submit, cancel, retry, replay, pause",
    port: publishedPort("gateway"),
  },
  {
    id: "read-model-docs",
    name: "Read model API docs",
    path: "/docs",
    emoji: "📖",
    description: "The queries: jobs, events, dead letters, queues, ledger, live feed",
    port: publishedPort("read-model"),
  },
  {
    id: "rabbitmq",
    name: "RabbitMQ",
    path: "/",
    emoji: "🐇",
    description: "The broker's own pages: exchange, queues, consumers, rates",
    port: publishedPort("rabbitmq", "Management page"),
  },
  {
    id: "grafana",
    name: "Grafana",
    path: "/",
    emoji: "📊",
    description: "Dashboards over the metrics of every service",
    port: publishedPort("grafana"),
  },
  {
    id: "prometheus",
    name: "Prometheus",
    path: "/",
    emoji: "🔥",
    description: "Metrics, rules and alerts, queried with PromQL",
    port: publishedPort("prometheus"),
  },
  {
    id: "jaeger",
    name: "Jaeger",
    path: "/",
    emoji: "🧵",
    description: "Traces: one job across gateway, bus, processor and stores",
    port: publishedPort("jaeger"),
  },
  {
    id: "pgadmin",
    name: "pgAdmin",
    path: "/",
    emoji: "🐘",
    description: "The job store: jobs, attempts, transitions, dead letters",
    port: publishedPort("pgadmin"),
  },
  {
    id: "mongo-express",
    name: "Mongo Express",
    path: "/",
    emoji: "🍃",
    description: "The event store: every event as observed",
    port: publishedPort("mongo-express"),
  },
  {
    id: "redisinsight",
    name: "RedisInsight",
    path: "/",
    emoji: "🧠",
    description: "The counters, latency digests and the live feed",
    port: publishedPort("redisinsight"),
  },
];

export const UI_REGISTRY: UiRegistry = { interfaces: PAGES };

/** Returns the host port of a service's page: the service's first published port, or the one for `purpose`. */
function publishedPort(service: string, purpose?: string): number {
  const port = purpose ? portOf(service, purpose) : entryOf(service).ports.find(({ published }) => published);
  if (!port?.published) throw new Error(`${service} publishes no port ${purpose ?? ""}`);
  return port.published.port;
}
