import { afterAll, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { copyProject } from "./support/project-copy.ts";

/** What has a word to say about job types, and needs no engines. */
const TESTS = [
  ...["contracts", "shared/job-types", "tui/launch", "shared/build", "services/metrics-engine"],
  ...["tests/documents.test.ts", "tests/suites.test.ts"],
];

/** The README's, and one whose imports the formatter sorts the other way round. */
const NAMES = ["greet", "zip-files"];

const copy = copyProject();
const tree = copy.root;
afterAll(copy.remove);

test("a job type is added by one command and removed by deleting its files, with green tests each time", () => {
  const readme = readFileSync(join(tree, "README.md"), "utf8");
  for (const name of NAMES)
    expect(run([process.execPath, "shared/job-types/scaffold/main.ts", name])).toContain(
      `shared/job-types/${name}.test.ts`,
    );
  const source = readFileSync(join(tree, "shared/job-types/greet.ts"), "utf8");
  expect(readme).toContain(`\`\`\`ts\n${source}\`\`\``);
  expect(readFileSync(join(tree, "README.md"), "utf8")).toMatch(/^\| `greet` +\|/m);
  expect(existsSync(join(tree, "contracts/schemas/job-type.greet.json"))).toBe(true);
  expect(runTests()).toContain("greets who its example names");

  for (const name of NAMES)
    for (const file of [`${name}.ts`, `${name}.test.ts`]) rmSync(join(tree, "shared/job-types", file));
  expect(runTests()).not.toContain("greets who its example names");
  expect(readFileSync(join(tree, "README.md"), "utf8")).toBe(readme);
  expect(existsSync(join(tree, "contracts/schemas/job-type.greet.json"))).toBe(false);
});

test.each([
  [[], 2, "Usage: bun run new:job-type NAME"],
  [["Resize Image"], 2, '"Resize Image" is no name for a job type'],
  [["define"], 1, "shared/job-types/define.ts exists already"],
])("new:job-type %j is refused with a reason", (args, code, reason) => {
  const child = Bun.spawnSync([process.execPath, "shared/job-types/scaffold/main.ts", ...args], {
    cwd: tree,
  });
  expect(child.stderr.toString()).toContain(reason);
  expect(child.exitCode).toBe(code);
});

/** Types, format, lint and tests; returns what they print. */
function runTests(): string {
  run([process.execPath, "x", "tsc", "--noEmit"]);
  run([process.execPath, "x", "biome", "ci", "--colors=off", "."]);
  return run([process.execPath, "test", ...TESTS.map((path) => `./${path}`)]);
}

function run(command: string[], cwd: string = tree): string {
  // Outside CI what follows from a type is written; under it a stale export is a failure.
  const { CI: _, ...env } = process.env;
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, { cwd, env });
  const printed = `${stdout}${stderr}`;
  if (exitCode !== 0) throw new Error(`${command.join(" ")} ended with code ${exitCode}:\n${printed}`);
  return printed;
}
