import { afterAll, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { copyProject } from "../support/project-copy.ts";

/** The tests that cover job types and need no engines. */
const TESTS = [
  "contracts",
  "shared/job-types",
  "tui/launch",
  "tui/build",
  "services/metrics-engine",
  "tests/documents.test.ts",
  "tests/suites.test.ts",
];

/**
 * The example in docs/job-types.md, and a name that sorts after `try-out`, whose generated test therefore has its
 * imports in a different order.
 */
const NAMES = ["greet", "zip-files"];

const copy = copyProject();
const tree = copy.root;
afterAll(copy.remove);

test("one command adds a job type, deleting its files removes it, and the tests pass after each step", () => {
  const page = () => readFileSync(join(tree, "docs/job-types.md"), "utf8");
  const before = page();
  for (const name of NAMES)
    expect(run([process.execPath, "shared/job-types/scaffold/main.ts", name])).toContain(
      `shared/job-types/${name}.test.ts`,
    );
  const source = readFileSync(join(tree, "shared/job-types/greet.ts"), "utf8");
  expect(before).toContain(`\`\`\`ts\n${source}\`\`\``);
  expect(page()).toMatch(/^\| `greet` \|/m);
  expect(existsSync(join(tree, "contracts/schemas/job-type.greet.json"))).toBe(true);
  expect(runTests()).toContain("greets the person named in the example payload");

  for (const name of NAMES)
    for (const file of [`${name}.ts`, `${name}.test.ts`]) rmSync(join(tree, "shared/job-types", file));
  expect(runTests()).not.toContain("greets the person named in the example payload");
  expect(page()).toBe(before);
  expect(existsSync(join(tree, "contracts/schemas/job-type.greet.json"))).toBe(false);
});

test.each([
  [[], 2, "Missing required argument 'name'; see --help"],
  [["Resize Image"], 2, '"Resize Image" is not a valid name for a job type'],
  [["define"], 1, "shared/job-types/define.ts already exists"],
])("new:job-type %j is refused with a reason", (args, code, reason) => {
  const child = Bun.spawnSync([process.execPath, "shared/job-types/scaffold/main.ts", ...args], {
    cwd: tree,
  });
  expect(child.stderr.toString()).toContain(reason);
  expect(child.exitCode).toBe(code);
});

/** Checks types, format and lint, then runs the tests and returns their output. */
function runTests(): string {
  run([process.execPath, "x", "tsc", "--noEmit"]);
  run([process.execPath, "x", "biome", "ci", "--colors=off", "."]);
  // The timeout is longer than the default, because other suites may load the machine.
  return run([process.execPath, "test", "--timeout", "60000", ...TESTS.map((path) => `./${path}`)]);
}

function run(command: string[], cwd: string = tree): string {
  // Unset CI so that derived files are updated. In CI a stale file is a failure.
  const { CI: _, ...env } = process.env;
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, { cwd, env });
  const printed = `${stdout}${stderr}`;
  if (exitCode !== 0) throw new Error(`${command.join(" ")} exited with code ${exitCode}:\n${printed}`);
  return printed;
}
