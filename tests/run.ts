import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { SERVICE_NAMES } from "../contracts/services.ts";
import { createCommandLine, UsageError } from "../shared/command-line.ts";
import type { EngineName } from "../tui/engines/engine.ts";
import { coverageByService, LEAST_COVERAGE, TERMINAL_UI, WEB } from "./coverage.ts";
import { setUpEngines } from "./set-up.ts";
import { filesOf, SUITES, type Suite, suitesOf } from "./suites.ts";
import { readBunSummary } from "./support/bun-summary.ts";
import { enginesOf, TEST_ENGINES } from "./support/engines.ts";
import { missingPrograms } from "./support/programs.ts";

const ROOT = join(import.meta.dir, "..");
const COVERAGE = join(ROOT, "coverage");
/** Deployments of the whole system on a container engine. Each has a harness that counts its own checks. */
const DEPLOYMENTS: readonly string[] = ["compose", "kind"];

interface Outcome {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly seconds: number;
}

const isCi = Boolean(process.env.CI);
const say = (line: string) => console.log(`\n== ${line}`);
const children = new Set<Bun.Subprocess>();

/** Runs a command to completion and shows its output. Returns the exit code and the last part of the output. */
async function run(
  command: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; tail: string }> {
  // One pipe for both streams keeps their lines in order.
  const child = Bun.spawn(["sh", "-c", 'exec "$@" 2>&1', "sh", ...command], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdin: "ignore",
    stdout: "pipe",
  });
  children.add(child);
  let tail = "";
  for await (const chunk of child.stdout) {
    process.stdout.write(chunk);
    tail = (tail + Buffer.from(chunk).toString()).slice(-20_000);
  }
  const code = await child.exited;
  children.delete(child);
  return { code, tail };
}

async function timed(name: string, work: () => Promise<Omit<Outcome, "name" | "seconds">>): Promise<Outcome> {
  say(name);
  const startedAt = performance.now();
  const outcome = await work();
  return { name, ...outcome, seconds: (performance.now() - startedAt) / 1_000 };
}

function runSuite(suite: Suite, isWhole: boolean): Promise<Outcome> {
  const { name, on = "full" } = suite;
  const paths = filesOf(suite).map((file) => `./${file}`);
  // Coverage is not measured for a suite that repeats other suites' tests on other engines.
  const measure = isWhole && !suite.again;
  return timed(name, async () => {
    const coverage = measure
      ? ["--coverage", "--coverage-reporter=lcov", `--coverage-dir=${join(COVERAGE, `suite-${name}`)}`]
      : [];
    const { code, tail } = await run(
      [process.execPath, "test", "--timeout", "180000", ...coverage, ...paths],
      { [TEST_ENGINES]: on, ...(measure && { OBSERVATORY_COVERAGE: COVERAGE }) },
    );
    const { passed, failed, skipped } = readBunSummary(tail);
    // A run that exits with an error, or that passed no test, counts as at least one failure: a runner that crashes
    // prints no summary.
    return { passed, failed: Math.max(failed, code !== 0 || passed === 0 ? 1 : 0), skipped };
  });
}

function runCheck(name: string, command: string[]): Promise<Outcome> {
  return timed(name, async () => {
    const { code } = await run(command);
    return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
  });
}

/** Runs a deployment's harness. Without a container engine, the harness says so and counts one failure. */
function runDeployment(name: string): Promise<Outcome> {
  return timed(name, async () => {
    const { code, tail } = await run([process.execPath, `tests/${name}/main.ts`]);
    const [, passed = 0, failed = 0] =
      /^(\d+) passed, (\d+) failed$/m.exec(tail.slice(-200))?.map(Number) ?? [];
    return { passed, failed: Math.max(failed, code === 0 ? 0 : 1), skipped: 0 };
  });
}

function checkCoverage(): Promise<Outcome> {
  return timed("coverage", async () => {
    let failed = 0;
    const measured = [...SERVICE_NAMES, TERMINAL_UI, WEB];
    for (const { service, lines, hit } of await coverageByService(COVERAGE, ROOT, measured)) {
      const percent = lines === 0 ? 0 : (100 * hit) / lines;
      if (percent < LEAST_COVERAGE) failed++;
      console.log(
        `${service.padEnd(16)} ${percent.toFixed(1).padStart(5)}% of ${lines} lines${percent < LEAST_COVERAGE ? `, required ${LEAST_COVERAGE}%` : ""}`,
      );
    }
    return { passed: measured.length - failed, failed, skipped: 0 };
  });
}

async function main(): Promise<number> {
  const [names] = createCommandLine(
    "bun run test",
    "Sets up the engines that the chosen suites need and runs the tests. A suite whose engines are missing is left out, with the reason. Generated files are updated first; under CI=true a stale file is a failure, and so is a suite that could not run. A run of all suites also checks types, format, lint and every service's coverage, and then runs a minute of random faults and 10,000 hostile requests.",
  )
    .argument(
      "[suite...]",
      `any of ${[...SUITES.map((suite) => suite.name), ...DEPLOYMENTS].join(", ")}; all of them by default. A name also selects the suites that extend it: "conformance" selects every adapter, "gateway" includes its unit tests`,
    )
    .parse().processedArgs;
  const unknown = names.filter((name) => !DEPLOYMENTS.includes(name) && suitesOf(name).length === 0);
  if (unknown.length > 0) throw new UsageError(`There is no suite ${unknown.join(", ")}; see --help`);
  const all = names.length === 0;
  const chosen = new Set(names.flatMap(suitesOf));
  const suites = SUITES.filter((suite) => all || chosen.has(suite));

  const outcomes: Outcome[] = [];
  // Updates the generated files. In CI they are left as they are, and a test fails if they are stale.
  if (!isCi) await run([process.execPath, "shared/export-contracts.ts"]);
  if (all) {
    outcomes.push(await runCheck("types", [process.execPath, "x", "tsc", "--noEmit"]));
    outcomes.push(await runCheck("format and lint", [process.execPath, "x", "biome", "ci", "."]));
  }
  const needed = new Set(suites.flatMap((suite) => suite.engines));
  const programs = new Set(suites.flatMap((suite) => suite.programs ?? []));
  const missing = await setUpEngines([...needed], (line) => console.log(line), [...programs]);
  const whyWithout = (engines: readonly EngineName[]) =>
    missing
      .filter(({ engine }) => engines.includes(engine))
      .map(({ problem, remedy }) => `${problem}; try: ${remedy}`);
  if (all) {
    rmSync(COVERAGE, { recursive: true, force: true });
    mkdirSync(COVERAGE, { recursive: true });
  }
  const leaveOut = (name: string, reasons: string[]): Outcome => {
    say(`${name}: left out. ${reasons.join(". ")}`);
    return { name, passed: 0, failed: isCi ? 1 : 0, skipped: isCi ? 0 : 1, seconds: 0 };
  };
  for (const suite of suites) {
    const reasons = [...whyWithout(suite.engines), ...missingPrograms(suite.programs ?? [])];
    outcomes.push(reasons.length > 0 ? leaveOut(suite.name, reasons) : await runSuite(suite, all));
  }
  if (all) {
    const chaos = "one minute of chaos";
    const reasons = whyWithout(enginesOf("full"));
    const command = [process.execPath, "tests/chaos.ts", "--minutes", "1"];
    outcomes.push(reasons.length > 0 ? leaveOut(chaos, reasons) : await runCheck(chaos, command));
    const fuzz = "10,000 requests to every route";
    const without = whyWithout(enginesOf("embedded"));
    outcomes.push(
      without.length > 0
        ? leaveOut(fuzz, without)
        : await runCheck(fuzz, [process.execPath, "tests/fuzz.ts"]),
    );
    outcomes.push(
      missing.length > 0
        ? leaveOut("coverage", ["It needs all suites, and some were left out"])
        : await checkCoverage(),
    );
  }

  for (const name of DEPLOYMENTS) {
    if (names.includes(name) || (all && isCi)) outcomes.push(await runDeployment(name));
    else if (all)
      outcomes.push(
        leaveOut(name, [`It takes minutes and may download images; to run it: bun run test:${name}`]),
      );
  }

  say("Summary");
  for (const { name, passed, failed, skipped, seconds } of outcomes)
    console.log(
      `${failed > 0 ? "FAILED" : "ok    "} ${name.padEnd(24)} ${String(passed).padStart(4)} passed ${String(failed).padStart(3)} failed ${String(skipped).padStart(3)} skipped ${seconds.toFixed(0).padStart(5)} s`,
    );
  const sum = (part: "passed" | "failed" | "skipped") =>
    outcomes.reduce((total, outcome) => total + outcome[part], 0);
  const failed = sum("failed") + (isCi ? sum("skipped") : 0);
  console.log(
    `${sum("passed")} passed, ${failed} failed${!isCi && sum("skipped") > 0 ? `, ${sum("skipped")} skipped` : ""}`,
  );
  return failed > 0 ? 1 : 0;
}

for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.on(signal, () => {
    for (const child of children) child.kill(signal);
    process.exit(130);
  });
try {
  process.exit(await main());
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exit(2);
}
