import { join } from "node:path";
import type { EngineName } from "../tui/engines/engine.ts";
import type { EngineSetName } from "../tui/launch/engine-set.ts";
import { enginesOf } from "./support/engines.ts";
import type { Program } from "./support/programs.ts";

/** A set of test files that run in one process, in order. */
export interface Suite {
  readonly name: string;
  /**
   * Folders whose tests the suite runs, or files in another suite's folder. A test belongs to the suite with the
   * longest path that contains it.
   */
  readonly paths: readonly string[];
  /** Other suites' folders whose tests, except for `ONCE`, run again on this suite's engines. */
  readonly again?: readonly string[];
  /** The engine set for tests that do not choose one. Defaults to the full set. */
  readonly on?: EngineSetName;
  /** The engines that the suite requires. */
  readonly engines: readonly EngineName[];
  /** Programs that the suite requires besides engines. */
  readonly programs?: readonly Program[];
}

const full = enginesOf("full");
const embedded = enginesOf("embedded");

/** Every suite of `bun run test`. A suite covers whole folders, so a new test file needs no entry here. */
export const SUITES: readonly Suite[] = [
  { name: "contracts", paths: ["contracts"], engines: [] },
  { name: "shared", paths: ["shared", "tests/support", "tests/bench", "tests/compose"], engines: [] },
  { name: "engines", paths: ["tests/engines"], engines: full },
  { name: "conformance-amqp", paths: ["tests/conformance/amqp"], engines: ["rabbitmq"] },
  {
    name: "conformance-postgres",
    paths: ["tests/conformance/postgres", "tests/postgres-driver"],
    engines: ["postgres"],
  },
  { name: "conformance-mongo-redis", paths: ["tests/conformance/mongo-redis"], engines: ["mongo", "redis"] },
  { name: "gateway", paths: ["tests/gateway"], engines: full },
  { name: "gateway-units", paths: ["services/gateway"], engines: [] },
  { name: "processor-units", paths: ["services/processor"], engines: [] },
  { name: "processor", paths: ["tests/processor", "tests/job-store"], engines: full },
  { name: "metrics-engine-units", paths: ["services/metrics-engine"], engines: [] },
  { name: "metrics-engine", paths: ["tests/metrics-engine"], engines: full },
  { name: "read-model-units", paths: ["services/read-model"], engines: [] },
  { name: "read-model", paths: ["tests/read-model", "tests/ledger"], engines: full },
  { name: "web-pty-units", paths: ["services/web-pty"], engines: [] },
  { name: "web-pty", paths: ["tests/web-pty"], engines: [] },
  { name: "web-units", paths: ["web"], engines: [] },
  { name: "web-server", paths: ["tests/web"], engines: [] },
  { name: "nginx", paths: ["tests/nginx"], engines: [], programs: ["nginx"] },
  { name: "browser", paths: ["tests/browser"], engines: embedded, programs: ["chromium"] },
  { name: "system", paths: ["tests/system"], engines: full },
  {
    name: "embedded",
    paths: ["tests/embedded"],
    again: ["tests/gateway", "tests/processor", "tests/ledger", "tests/system"],
    on: "embedded",
    engines: embedded,
  },
  { name: "alerts", paths: ["tests/alerts"], engines: full },
  { name: "grafana-units", paths: ["tests/grafana/dashboards.test.ts"], engines: [] },
  { name: "grafana", paths: ["tests/grafana"], engines: full },
  { name: "authoring", paths: ["tests/authoring"], engines: [] },
  // Runs the tests that compare different parts of the tree, and every test outside the other suites' paths.
  { name: "parity", paths: ["tests"], engines: [] },
  { name: "binaries", paths: ["tests/binaries"], engines: full },
  { name: "tui-units", paths: ["tui"], engines: [] },
  { name: "tui", paths: ["tests/terminal"], engines: embedded },
  { name: "dev-units", paths: ["tui/launch", "tui/engines", "tui/kind"], engines: [] },
  { name: "dev-embedded", paths: ["tests/dev"], engines: embedded },
  { name: "dev-full", paths: ["tests/dev/full.test.ts"], engines: full },
];

/** Tests that `again` leaves out, because their engines are fixed or the result does not depend on the engine set. */
export const ONCE: readonly string[] = [
  "tests/gateway/openapi.test.ts",
  "tests/processor/bulk-actions.test.ts",
  "tests/processor/http-check.test.ts",
  "tests/system/recording-stuck.test.ts",
  "tests/system/store-cuts.test.ts",
];

/** Returns the suites with this name or prefix: "dev" selects all three dev suites. */
export function suitesOf(name: string): Suite[] {
  return SUITES.filter((suite) => suite.name === name || suite.name.startsWith(`${name}-`));
}

/** Returns every test file in the project, in the order in which suites run them. */
export function testFiles(): string[] {
  const folders = ["contracts", "shared", "services", "tests", "tui", "web"];
  const found = folders.flatMap((folder) => [...new Bun.Glob(`${folder}/**/*.test.ts`).scanSync(ROOT)]);
  return found.filter((file) => !file.includes("node_modules/")).sort();
}

/** Returns the test files that a suite runs: its own, then the ones it repeats from other suites. */
export function filesOf({ name, again = [] }: Suite, files = testFiles()): string[] {
  const repeated = files.filter((file) => again.some((path) => isBelow(file, path)) && !ONCE.includes(file));
  return [...files.filter((file) => suiteOf(file)?.name === name), ...repeated];
}

/** Reports whether a file is at this path or below it. */
export function isBelow(file: string, path: string): boolean {
  return file === path || file.startsWith(`${path}/`);
}

const ROOT = join(import.meta.dir, "..");

function suiteOf(file: string): Suite | undefined {
  const held = SUITES.flatMap((suite) => suite.paths.map((path) => ({ path, suite })));
  const near = held.filter(({ path }) => isBelow(file, path));
  return near.sort((a, b) => b.path.length - a.path.length)[0]?.suite;
}
