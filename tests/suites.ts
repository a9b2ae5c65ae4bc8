/** A set of test files that run in one process, in their order. */
export interface Suite {
  readonly name: string;
  readonly paths: readonly string[];
  /** Whether it needs RabbitMQ, PostgreSQL, Redis and MongoDB. */
  readonly engines: boolean;
}

const behaviours = (...names: string[]) => names.map((name) => `tests/${name}.test.ts`);

/** Every suite of `bun run test`; together they hold every test file, which a test of its own checks. */
export const SUITES: readonly Suite[] = [
  { name: "contracts", paths: ["contracts"], engines: false },
  {
    name: "shared",
    paths: ["shared", ...behaviours("suites"), "tests/support", "tests/bench"],
    engines: false,
  },
  { name: "engines", paths: behaviours("engines"), engines: true },
  { name: "bus", paths: behaviours("bus-amqp", "bus-postgres"), engines: true },
  {
    name: "observations",
    paths: behaviours("observations-mongo-redis", "observations-postgres"),
    engines: true,
  },
  {
    name: "gateway",
    paths: [
      "services/gateway",
      ...behaviours("refusals", "idempotency", "gateway-overload", "openapi-gateway"),
    ],
    engines: true,
  },
  {
    name: "processor",
    paths: [
      "services/processor",
      ...behaviours(
        "retry",
        "dead-letters",
        "cancel",
        "order",
        "pause",
        "zombie",
        "processor-killed",
        "graceful-stop",
        "bad-envelope",
        "http-check",
      ),
    ],
    engines: true,
  },
  {
    name: "metrics-engine",
    paths: [
      "services/metrics-engine",
      ...behaviours("metrics-engine", "observed-system", "duplicates", "happy-path"),
    ],
    engines: true,
  },
  {
    name: "read-model",
    paths: [
      "services/read-model",
      ...behaviours("read-model", "read-model-stream", "openapi-read-model", "ledger-accuses"),
    ],
    engines: true,
  },
  {
    name: "system",
    paths: behaviours("broker-restart", "store-cuts"),
    engines: true,
  },
  { name: "binaries", paths: behaviours("binaries"), engines: true },
  { name: "dev", paths: ["services/dev", ...behaviours("dev-embedded", "dev")], engines: true },
];
