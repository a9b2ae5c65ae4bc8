import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = import.meta.dir;
const REGISTRY = join(FOLDER, "registry.ts");

/** The text of `registry.ts`: every file here with `defineJobType` as its default export, in the order of names. */
export function registryText(): string {
  const names = readdirSync(FOLDER)
    .filter(
      (file) =>
        file.endsWith(".ts") &&
        /^export default defineJobType\(/m.test(readFileSync(join(FOLDER, file), "utf8")),
    )
    .map((file) => file.slice(0, -".ts".length))
    .sort();
  const identifier = (name: string) => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
  return `// Written by write-registry.ts from the files of this folder; \`bun run contracts:export\` brings it up to date.

import type { JobType } from "./define.ts";
${names.map((name) => `import ${identifier(name)} from "./${name}.ts";`).join("\n")}

/** Every job type, by name. */
export const JOB_TYPES: ReadonlyMap<string, JobType> = new Map(
  [${names.map(identifier).join(", ")}].map((jobType) => [jobType.name, jobType]),
);
`;
}

if (import.meta.main) writeFileSync(REGISTRY, registryText());
