import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { keysOf } from "../contracts/filter-keys.ts";
import { LEGAL_MOVES } from "../contracts/job.ts";
import { SERVICE_NAMES } from "../contracts/services.ts";
import { STATUS_WORDS } from "../contracts/status-words.ts";

const ROOT = join(import.meta.dir, "..");
const pages = ["*.md", "docs/**/*.md", "contracts/**/*.md"].flatMap((pattern) => [
  ...new Bun.Glob(pattern).scanSync(ROOT),
]);

test("every file that docs/invariants.md names exists", async () => {
  const text = await Bun.file(join(ROOT, "docs/invariants.md")).text();
  const named = [...text.matchAll(/`([\w./-]+\.ts)`/g)].map(([, path = ""]) => path);
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

test.each(pages)("every file that %s links to exists", async (page) => {
  const text = await Bun.file(join(ROOT, page)).text();
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, link = ""]) => link);
  expect(links.filter((link) => !existsSync(join(ROOT, dirname(page), link)))).toEqual([]);
});

test.each(pages)("every script that %s mentions exists", async (page) => {
  const { scripts } = (await Bun.file(join(ROOT, "package.json")).json()) as {
    scripts: Record<string, string>;
  };
  const text = await Bun.file(join(ROOT, page)).text();
  const named = [...text.matchAll(/\bbun run ([a-z][\w:-]*)/g)].map(([, name = ""]) => name);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});

test("the job state diagram has exactly the legal transitions", async () => {
  const text = await Bun.file(join(ROOT, "docs/architecture.md")).text();
  const drawing = /stateDiagram-v2\n([^`]+)```/.exec(text)?.[1] ?? "";
  const drawn = [...drawing.matchAll(/^ *(\S+) --> ([A-Z]+)/gm)].map(([, from, to]) => `${from} ${to}`);
  const legal = Object.entries(LEGAL_MOVES).flatMap(([from, moves]) =>
    moves.map((to) => `${from === "null" ? "[*]" : from} ${to}`),
  );
  expect(drawn.sort()).toEqual(legal.sort());
});

test.each(["jobs", "deadLetters"] as const)(
  "docs/filters.md describes the filter keys of %s in the contract's words",
  async (language) => {
    const rows = Object.entries(keysOf(language)).map(([key, { takes, also, description, example }]) => {
      const names = [key, ...also].map((name) => `\`${name}\``).join(", ");
      return `| ${names} | ${takes} | ${description} | \`${key}:${example}\` |`;
    });
    expect(await Bun.file(join(ROOT, "docs/filters.md")).text()).toContain(rows.join("\n"));
  },
);

test("docs/statuses.md has the contract's words, in the order of a job's life", async () => {
  const rows = Object.entries(STATUS_WORDS).map(
    ([status, { word, meaning }]) => `| \`${status}\` | ${word} | ${meaning} |`,
  );
  expect(await Bun.file(join(ROOT, "docs/statuses.md")).text()).toContain(rows.join("\n"));
});

test.each(SERVICE_NAMES)("the %s aligns its --help in columns", (name) => {
  const { stdout } = Bun.spawnSync([process.execPath, `services/${name}/main.ts`, "--help"], { cwd: ROOT });
  const rows = stdout.toString().split("Environment:\n")[1]?.trimEnd().split("\n") ?? [];
  const columns = rows.map((row) => /^ {2}\S+ {2,}(?=\S)/.exec(row)?.[0].length);
  expect(rows.length).toBeGreaterThan(5);
  expect(new Set(columns).size).toBe(1);
});
