import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readProvenance } from "./provenance.ts";

const folder = mkdtempSync(join(tmpdir(), "observatory-provenance-"));
const commit = "0123456789abcdef0123456789abcdef01234567";
afterAll(() => rmSync(folder, { recursive: true }));

/** Creates the few files of a repository that an image build receives, which are too few for git itself. */
function partOfRepository(files: Readonly<Record<string, string>>): string {
  const projectDir = mkdtempSync(join(folder, "project-"));
  for (const [path, text] of Object.entries(files)) {
    const file = join(projectDir, ".git", path);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, text);
  }
  return projectDir;
}

test("the environment takes precedence over the repository and the clock", () => {
  expect(readProvenance(folder, { COMMIT: "abc", SOURCE_DATE_EPOCH: "0" })).toEqual({
    commit: "abc",
    builtAt: "1970-01-01T00:00:00Z",
  });
  expect(() => readProvenance(folder, { SOURCE_DATE_EPOCH: "yesterday" })).toThrow("SOURCE_DATE_EPOCH");
});

test("the commit is read from a branch, from packed refs or from a detached HEAD", () => {
  const onBranch = { HEAD: "ref: refs/heads/main\n" };
  for (const files of [
    { ...onBranch, "refs/heads/main": `${commit}\n` },
    {
      ...onBranch,
      "packed-refs": `# pack-refs\n${"f".repeat(40)} refs/heads/not-main\n${commit} refs/heads/main\n`,
    },
    { HEAD: `${commit}\n` },
  ])
    expect(readProvenance(partOfRepository(files), {}).commit).toBe("0123456789ab");
});

test("without a repository, the commit is unknown and the build time is now", () => {
  const { commit: none, builtAt } = readProvenance(partOfRepository({}), {});
  expect(none).toBe("unknown");
  expect(Math.abs(Date.parse(builtAt) - Date.now())).toBeLessThan(60_000);
});
