import { expect } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = join(import.meta.dir, "../golden");

/** Compares a screen with the file of the given name in tui/golden. GOLDEN=write rewrites the file first. */
export function expectGolden(name: string, text: string) {
  const path = join(FOLDER, `${name}.txt`);
  if (process.env.GOLDEN === "write") writeFileSync(path, `${text}\n`);
  if (!existsSync(path))
    throw new Error(`There is no ${path}: look at the screen, then run with GOLDEN=write`);
  expect(text).toBe(readFileSync(path, "utf8").replace(/\n$/, ""));
}
