import { afterAll, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { copyProject } from "../support/project-copy.ts";

const { root, remove } = copyProject();
afterAll(remove);

const page = readFileSync(join(root, "CONTRIBUTING.md"), "utf8").split("\n## Change a contract\n")[1] ?? "";
const blocks = [...page.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language, text = ""]) => ({
  language,
  text,
}));
const blocksOf = (language: string) =>
  blocks.filter((block) => block.language === language).map(({ text }) => text);

test("the contract change in CONTRIBUTING.md produces the verdicts shown there, even if the change is already committed", () => {
  for (const args of [
    ["init", "--quiet", "--initial-branch=main"],
    ["add", "."],
    ["commit", "--quiet", "-m", "before"],
  ])
    expect(git(...args)).toBe(0);
  const [field = "", version = ""] = blocksOf("diff");
  const [violation = "", passed = ""] = blocksOf("");

  apply("contracts/alert.ts", field);
  expect(check()).toEqual({ code: 1, output: expect.stringContaining(violation) });
  git("switch", "--quiet", "--create", "branch");
  git("commit", "--quiet", "--all", "-m", "a break that is committed");
  expect(check()).toEqual({ code: 1, output: expect.stringContaining(violation) });

  apply("contracts/alert.ts", version);
  expect(check()).toEqual({ code: 0, output: expect.stringContaining(passed) });
});

/** Runs the contract check. The check exports the schemas first, so the test need not. */
function check(): { code: number; output: string } {
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, "run", "contracts:check"], {
    cwd: root,
  });
  return { code: exitCode, output: `${stdout}${stderr}` };
}

/** Applies a diff hunk that has no header. */
function apply(file: string, hunk: string): void {
  const lines = hunk.trimEnd().split("\n");
  const side = (drop: string) =>
    lines
      .filter((line) => !line.startsWith(drop))
      .map((line) => line.slice(1))
      .join("\n");
  const text = readFileSync(join(root, file), "utf8");
  expect(text).toContain(side("+"));
  writeFileSync(
    join(root, file),
    text.replace(side("+"), () => side("-")),
  );
}

function git(...args: string[]): number {
  const identity = [
    "-c",
    "user.name=Test",
    "-c",
    "user.email=test@example.org",
    "-c",
    "commit.gpgsign=false",
  ];
  return Bun.spawnSync(["git", ...identity, ...args], { cwd: root }).exitCode;
}
