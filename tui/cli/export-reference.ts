import { join } from "node:path";
import { createProgram } from "./program.ts";
import { commandLineReference } from "./reference.ts";
import { createContext } from "./run-command-line.ts";

/** The path of the file that `bun run docs:command-line` writes. */
export const REFERENCE_FILE = join(import.meta.dir, "../../docs/command-line.md");

/** Generates the reference from the current program. */
export function currentReference(): string {
  const runTui = async () => undefined;
  return commandLineReference(createProgram({ context: createContext(), versionText: "", runTui }));
}

if (import.meta.main) await Bun.write(REFERENCE_FILE, currentReference());
