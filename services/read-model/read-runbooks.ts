import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = join(import.meta.dir, "../../docs/runbooks");

/**
 * The text of every runbook by name. A macro: it runs while the read-model is built, so that a binary contains them.
 */
export function readRunbooks(): Record<string, string> {
  return Object.fromEntries(
    readdirSync(FOLDER)
      .filter((file) => file.endsWith(".md"))
      .map((file) => [file.slice(0, -".md".length), readFileSync(join(FOLDER, file), "utf8")]),
  );
}
