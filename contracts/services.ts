import type { ServiceCatalog, ServiceEntry } from "./service-schema.ts";

const COMMON = ["BIND_ADDRESS", "LOG_LEVEL", "ALLOWED_ORIGINS", "PORT"];
const TRACES = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_SAMPLER_ARG"];
const at = (purpose: string, port: number, variable?: string, published = port) => ({
  purpose,
  port,
  ...(variable && { published: { port: published, variable } }),
});
const login = (variable: string, value: string) => ({ variable, value });
const POSTGRES_LOGIN = {
  user: login("POSTGRES_USER", "observatory"),
  password: login("POSTGRES_PASSWORD", "observatory"),
};
const REDIS_LOGIN = { password: login("REDIS_PASSWORD", "observatory") };

type OwnService = Pick<ServiceEntry, "purpose" | "ports" | "needs" | "environment" | "scalable"> & {
  /** Overrides the image's default name, `odto-` plus the service's name. */
  readonly image?: string;
  readonly health: NonNullable<ServiceEntry["health"]>;
};

/**
 * This project's services, in the order in which they start. To add a service, start here: the runner, the build,
 * coverage, the tests and Compose's checks derive their lists from this table.
 */
export const OWN_SERVICES = {
  gateway: {
    purpose: "Accepts jobs, forwards commands",
    ports: [at("HTTP API, /docs", 3000, "GATEWAY_PORT")],
    health: { port: 3000, path: "/readyz" },
    needs: ["rabbitmq"],
    environment: [...COMMON, ...TRACES, "BUS_URL", "PROCESSOR_URL", "READ_MODEL_URL", "MAX_PAYLOAD_BYTES"],
    scalable: true,
  },
  processor: {
    purpose: "Runs jobs, owns their state",
    ports: [at("Operations and commands", 3001)],
    health: { port: 3001, path: "/readyz" },
    needs: ["rabbitmq", "postgres"],
    environment: [
      ...COMMON,
      ...TRACES,
      "BUS_URL",
      "DATABASE_URL",
      "CONCURRENCY",
      "LEASE_MS",
      "JOB_RETENTION_HOURS",
      "FAILED_JOB_RETENTION_HOURS",
      "HTTP_CHECK_ALLOW",
    ],
    scalable: true,
  },
  "metrics-engine": {
    purpose: "Stores and counts every event",
    ports: [at("Operations, /metrics", 3003, "METRICS_ENGINE_PORT")],
    health: { port: 3003, path: "/readyz" },
    needs: ["rabbitmq", "mongodb", "redis"],
    environment: [
      ...COMMON,
      ...TRACES,
      "BUS_URL",
      "EVENTS_URL",
      "CACHE_URL",
      "PROCESSOR_URL",
      "EVENT_RETENTION_HOURS",
    ],
    scalable: true,
  },
  "read-model": {
    purpose: "Answers every query",
    ports: [at("HTTP API, /docs", 8080, "READ_MODEL_PORT")],
    health: { port: 8080, path: "/readyz" },
    needs: ["postgres", "mongodb", "redis"],
    environment: [
      ...COMMON,
      "DATABASE_URL",
      "EVENTS_URL",
      "CACHE_URL",
      "ALERTMANAGER_URL",
      "ALERT_WEBHOOK_TOKEN_FILE",
      "PROMETHEUS_URL",
      "EVENT_RETENTION_HOURS",
      "LEASE_MS",
    ],
    scalable: true,
  },
  "web-pty": {
    purpose: "Streams terminals to browsers",
    image: "odto-web-pty-server",
    ports: [at("Terminals, WebSocket", 9000), at("Operations, /metrics", 9001)],
    health: { port: 9001, path: "/readyz" },
    needs: ["gateway", "read-model"],
    environment: [
      "BIND_ADDRESS",
      "LOG_LEVEL",
      "ALLOWED_ORIGINS",
      "GATEWAY_URL",
      "READ_MODEL_URL",
      "PTY_WS_PORT",
      "PTY_METRICS_PORT",
      "PTY_TUI_BINARY",
      "PTY_AUTH_TOKEN",
      "PTY_READ_ONLY",
      "PTY_PER_IP_CAP",
      "PTY_GLOBAL_CAP",
      "PTY_TRUSTED_PROXIES",
    ],
  },
} satisfies Record<string, OwnService>;

export type ServiceName = keyof typeof OWN_SERVICES;
export const SERVICE_NAMES = Object.keys(OWN_SERVICES) as readonly ServiceName[];
/** The services that a job or its events pass through. */
export const JOB_SERVICES = SERVICE_NAMES.filter(
  (name): name is Exclude<ServiceName, "web-pty"> => name !== "web-pty",
);

const ENTRIES: ServiceEntry[] = [
  ...SERVICE_NAMES.map(
    (name): ServiceEntry => ({
      name,
      role: "service",
      profile: "core",
      image: `odto-${name}`,
      ...OWN_SERVICES[name],
    }),
  ),
  {
    name: "web-ui",
    role: "service",
    profile: "core",
    purpose: "The page: terminal and dashboard",
    image: "odto-web-ui",
    ports: [at("Page", 8081, "WEB_PORT")],
    health: { port: 8081, path: "/healthz" },
    needs: ["web-pty"],
    environment: [],
  },
  {
    name: "rabbitmq",
    role: "engine",
    profile: "core",
    purpose: "Message bus",
    image: "docker.io/library/rabbitmq:4.3.6-management",
    ports: [
      at("AMQP", 5672, "RABBITMQ_PORT"),
      at("Management page", 15672, "RABBITMQ_MANAGEMENT_PORT"),
      at("Metrics", 15692),
    ],
    needs: [],
    environment: ["RABBITMQ_DEFAULT_USER", "RABBITMQ_DEFAULT_PASS"],
    credentials: { user: login("RABBITMQ_USER", "guest"), password: login("RABBITMQ_PASSWORD", "guest") },
  },
  {
    name: "postgres",
    role: "engine",
    profile: "core",
    purpose: "Job store",
    image: "docker.io/library/postgres:18.6",
    ports: [at("PostgreSQL", 5432, "POSTGRES_PORT")],
    needs: [],
    environment: ["POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"],
    credentials: POSTGRES_LOGIN,
  },
  {
    name: "mongodb",
    role: "engine",
    profile: "core",
    purpose: "Event store",
    image: "docker.io/library/mongo:8.0.29",
    ports: [at("MongoDB", 27017, "MONGODB_PORT")],
    needs: [],
    environment: [],
  },
  {
    name: "redis",
    role: "engine",
    profile: "core",
    purpose: "Counters, live feed",
    image: "docker.io/library/redis:8.8.3-alpine",
    ports: [at("Redis", 6379, "REDIS_PORT")],
    needs: [],
    environment: ["REDISCLI_AUTH"],
    credentials: REDIS_LOGIN,
  },
  {
    name: "prometheus",
    role: "observer",
    profile: "observe",
    purpose: "Metrics, rules, alerts",
    image: "docker.io/prom/prometheus:v3.15.0",
    ports: [at("Page and API", 9090, "PROMETHEUS_PORT")],
    health: { port: 9090, path: "/-/ready" },
    needs: [],
    environment: ["RUNBOOKS_URL"],
  },
  {
    name: "alertmanager",
    role: "observer",
    profile: "observe",
    purpose: "Routes alerts",
    image: "docker.io/prom/alertmanager:v0.34.1",
    ports: [at("Page and API", 9093, "ALERTMANAGER_PORT")],
    health: { port: 9093, path: "/-/ready" },
    needs: [],
    environment: [],
  },
  {
    name: "grafana",
    role: "observer",
    profile: "observe",
    purpose: "Dashboards",
    image: "docker.io/grafana/grafana:13.2.3",
    ports: [at("Page", 3000, "GRAFANA_PORT", 3002)],
    health: { port: 3000, path: "/api/health" },
    needs: ["prometheus"],
    environment: [
      "GF_SECURITY_ADMIN_USER",
      "GF_SECURITY_ADMIN_PASSWORD",
      "GF_SERVER_ROOT_URL",
      "GF_ANALYTICS_REPORTING_ENABLED",
      "GF_ANALYTICS_CHECK_FOR_UPDATES",
      "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES",
      "GF_NEWS_NEWS_FEED_ENABLED",
      "GF_PLUGINS_PREINSTALL_DISABLED",
      "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH",
    ],
    credentials: { user: login("GRAFANA_USER", "admin"), password: login("GRAFANA_PASSWORD", "admin") },
  },
  {
    name: "jaeger",
    role: "observer",
    profile: "observe",
    purpose: "Traces of jobs",
    image: "docker.io/jaegertracing/jaeger:2.21.0",
    ports: [at("Page", 16_686, "JAEGER_PORT"), at("Traces, OTLP over HTTP", 4318)],
    needs: [],
    environment: [],
  },
  {
    name: "postgres-exporter",
    role: "observer",
    profile: "observe",
    purpose: "PostgreSQL's metrics",
    image: "docker.io/prometheuscommunity/postgres-exporter:v0.20.1",
    ports: [at("Metrics", 9187)],
    needs: ["postgres"],
    environment: ["DATA_SOURCE_URI", "DATA_SOURCE_USER", "DATA_SOURCE_PASS"],
    credentials: POSTGRES_LOGIN,
  },
  {
    name: "redis-exporter",
    role: "observer",
    profile: "observe",
    purpose: "Redis' metrics",
    image: "docker.io/oliver006/redis_exporter:v1.89.0-alpine",
    ports: [at("Metrics", 9121)],
    needs: ["redis"],
    environment: ["REDIS_ADDR", "REDIS_PASSWORD"],
    credentials: REDIS_LOGIN,
  },
  {
    name: "mongodb-exporter",
    role: "observer",
    profile: "observe",
    purpose: "MongoDB's metrics",
    image: "docker.io/percona/mongodb_exporter:0.53.0",
    ports: [at("Metrics", 9216)],
    needs: ["mongodb"],
    environment: ["MONGODB_URI"],
  },
  {
    name: "pgadmin",
    role: "admin",
    profile: "admin",
    purpose: "PostgreSQL in the browser",
    image: "docker.io/dpage/pgadmin4:9.18",
    ports: [at("Page", 80, "PGADMIN_PORT", 5050)],
    health: { port: 80, path: "/misc/ping" },
    needs: ["postgres"],
    environment: [
      "PGADMIN_DEFAULT_EMAIL",
      "PGADMIN_DEFAULT_PASSWORD",
      "PGADMIN_CONFIG_MASTER_PASSWORD_REQUIRED",
      "PGADMIN_CONFIG_UPGRADE_CHECK_ENABLED",
      "PGADMIN_DISABLE_POSTFIX",
      "PGADMIN_SERVER_JSON_FILE",
      "PGADMIN_REPLACE_SERVERS_ON_STARTUP",
      "PGPASS_FILE",
    ],
    credentials: {
      user: login("PGADMIN_EMAIL", "admin@example.com"),
      password: login("PGADMIN_PASSWORD", "admin"),
    },
  },
  {
    name: "mongo-express",
    role: "admin",
    profile: "admin",
    purpose: "MongoDB in the browser",
    image: "docker.io/library/mongo-express:1.0.2",
    ports: [at("Page", 8081, "MONGO_EXPRESS_PORT", 8082)],
    health: { port: 8081, path: "/status" },
    needs: ["mongodb"],
    environment: [
      "ME_CONFIG_MONGODB_URL",
      "ME_CONFIG_MONGODB_ENABLE_ADMIN",
      "ME_CONFIG_BASICAUTH",
      "ME_CONFIG_BASICAUTH_USERNAME",
      "ME_CONFIG_BASICAUTH_PASSWORD",
    ],
    credentials: {
      user: login("MONGO_EXPRESS_USER", "admin"),
      password: login("MONGO_EXPRESS_PASSWORD", "password123"),
    },
  },
  {
    name: "redisinsight",
    role: "admin",
    profile: "admin",
    purpose: "Redis in the browser",
    image: "docker.io/redis/redisinsight:3.8.0",
    ports: [at("Page", 5540, "REDISINSIGHT_PORT", 8001)],
    health: { port: 5540, path: "/api/health/" },
    needs: ["redis"],
    environment: ["RI_REDIS_HOST", "RI_REDIS_PORT", "RI_REDIS_PASSWORD", "RI_REDIS_ALIAS", "RI_FILES_LOGGER"],
    credentials: REDIS_LOGIN,
  },
];

/** Everything that runs in a full deployment. Tests check Compose, the interface registry and documents against it. */
export const SERVICE_CATALOG: ServiceCatalog = { services: ENTRIES };

/** Returns the catalog entry with this name. Throws if there is none. */
export function entryOf(name: string): ServiceEntry {
  const entry = ENTRIES.find((one) => one.name === name);
  if (!entry) throw new Error(`The catalog has no ${name}`);
  return entry;
}

/** Returns an entry's port with this purpose, or by default its first port. */
export function portOf(name: string, purpose?: string): ServiceEntry["ports"][number] {
  const port = entryOf(name).ports.find((one) => purpose === undefined || one.purpose === purpose);
  if (!port) throw new Error(`${name} has no port ${purpose ?? ""}`);
  return port;
}
