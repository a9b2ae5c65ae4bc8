import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = join(import.meta.dir, "../../docs/runbooks");

/** Returns all runbook texts by name. This is a macro: it runs at build time, so a binary contains the texts. */
export function readRunbooks(): Record<string, string> {
  return Object.fromEntries(
    readdirSync(FOLDER)
      .filter((file) => file.endsWith(".md"))
      .map((file) => [file.slice(0, -".md".length), readFileSync(join(FOLDER, file), "utf8")]),
  );
}
