import type { EngineName } from "../tui/engines/engine.ts";
import type { EngineSetName } from "../tui/launch/engine-set.ts";
import { enginesOf } from "./support/engines.ts";

/** A set of test files that run in one process, in their order. */
export interface Suite {
  readonly name: string;
  readonly paths: readonly string[];
  /** Files of other suites that run here once more, on another set of engines. */
  readonly again?: readonly string[];
  /** What its worlds run on that do not say so themselves; full engines when left out. */
  readonly on?: EngineSetName;
  /** The engines without which it cannot run. */
  readonly engines: readonly EngineName[];
  /** Whether it needs a Chromium. */
  readonly browser?: true;
}

const behaviours = (...names: string[]) => names.map((name) => `tests/${name}.test.ts`);
const full = enginesOf("full");
const embedded = enginesOf("embedded");

/** Every suite of `bun run test`; together they hold every test file, which a test of its own checks. */
export const SUITES: readonly Suite[] = [
  { name: "contracts", paths: ["contracts"], engines: [] },
  {
    name: "shared",
    paths: [
      "shared",
      ...behaviours("suites", "documents", "loops"),
      "tests/support",
      "tests/bench",
      "tests/compose",
    ],
    engines: [],
  },
  { name: "engines", paths: behaviours("engines"), engines: full },
  { name: "bus-amqp", paths: behaviours("bus-amqp"), engines: ["rabbitmq"] },
  { name: "bus-postgres", paths: behaviours("bus-postgres"), engines: ["postgres"] },
  {
    name: "observations-mongo-redis",
    paths: behaviours("observations-mongo-redis"),
    engines: ["mongo", "redis"],
  },
  { name: "observations-postgres", paths: behaviours("observations-postgres"), engines: ["postgres"] },
  { name: "postgres-driver", paths: behaviours("half-read-query"), engines: ["postgres"] },
  {
    name: "gateway",
    paths: behaviours(
      "refusals",
      "idempotency",
      "accepted-becomes-row",
      "gateway-overload",
      "openapi-gateway",
    ),
    engines: full,
  },
  { name: "processor-units", paths: ["services/processor"], engines: [] },
  {
    name: "processor",
    paths: behaviours(
      "retry",
      "dead-letters",
      "cancel",
      "command-once",
      "job-store",
      "bulk-actions",
      "order",
      "pause",
      "zombie",
      "processor-killed",
      "ends",
      "stale-ends",
      "type-room",
      "clocks",
      "graceful-stop",
      "bad-envelope",
      "http-check",
    ),
    engines: full,
  },
  { name: "metrics-engine-units", paths: ["services/metrics-engine"], engines: [] },
  {
    name: "metrics-engine",
    paths: behaviours("metrics-engine", "observed-system", "duplicates", "happy-path"),
    engines: full,
  },
  { name: "read-model-units", paths: ["services/read-model"], engines: [] },
  {
    name: "read-model",
    paths: behaviours("read-model", "filters", "read-model-stream", "openapi-read-model", "ledger-accuses"),
    engines: full,
  },
  { name: "web-pty-units", paths: ["services/web-pty"], engines: [] },
  { name: "web-pty", paths: behaviours("web-pty"), engines: [] },
  { name: "web-units", paths: ["web"], engines: [] },
  { name: "browser", paths: ["tests/browser"], engines: embedded, browser: true },
  {
    name: "system",
    paths: behaviours(
      "broker-restart",
      "recording-recovers",
      "store-cuts",
      "store-trouble",
      "first-start",
      "recording-stuck",
      "rolling-upgrade",
    ),
    engines: full,
  },
  {
    name: "embedded",
    paths: behaviours("embedded-cut", "traces", "api-client", "command-line", "operate"),
    again: behaviours(
      "happy-path",
      "refusals",
      "idempotency",
      "accepted-becomes-row",
      "duplicates",
      "retry",
      "dead-letters",
      "cancel",
      "command-once",
      "order",
      "pause",
      "zombie",
      "processor-killed",
      "ends",
      "type-room",
      "clocks",
      "graceful-stop",
      "bad-envelope",
      "gateway-overload",
      "broker-restart",
      "recording-recovers",
      "rolling-upgrade",
      "store-trouble",
      "first-start",
      "observed-system",
    ),
    on: "embedded",
    engines: embedded,
  },
  { name: "alerts", paths: behaviours("prometheus-rules", "alerts"), engines: full },
  { name: "grafana-units", paths: behaviours("grafana"), engines: [] },
  { name: "grafana", paths: behaviours("grafana-queries"), engines: full },
  { name: "authoring", paths: behaviours("new-job-type", "change-contract"), engines: [] },
  { name: "parity", paths: behaviours("parity"), engines: [] },
  { name: "binaries", paths: behaviours("binaries"), engines: full },
  {
    name: "tui-units",
    paths: [
      "tui/cli",
      ...["effects", "job-filter", "key-table", "run-launcher", "settings", "text", "update"].map(
        (name) => `tui/${name}.test.ts`,
      ),
      "tui/views",
    ],
    engines: [],
  },
  { name: "tui", paths: ["tests/terminal"], engines: embedded },
  { name: "dev-units", paths: ["tui/launch", "tui/engines"], engines: [] },
  {
    name: "dev-embedded",
    paths: behaviours("dev-embedded", "dev-reload", "dev-observers"),
    engines: embedded,
  },
  { name: "dev-full", paths: behaviours("dev"), engines: full },
];

/** The suites of a name, which may also be what the names of several begin with: "bus" is both buses. */
export function suitesOf(name: string): Suite[] {
  return SUITES.filter((suite) => suite.name === name || suite.name.startsWith(`${name}-`));
}
