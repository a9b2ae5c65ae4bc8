import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = import.meta.dir;
const LINE_WIDTH = 110;
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
  const imports = [
    { from: "define", line: `import type { JobType } from "./define.ts";` },
    ...names.map((name) => ({ from: name, line: `import ${identifier(name)} from "./${name}.ts";` })),
  ].sort((a, b) => (a.from < b.from ? -1 : 1));
  return `// Written by write-registry.ts from the files of this folder; \`bun run contracts:export\` brings it up to date.

${imports.map(({ line }) => line).join("\n")}

/** Every job type, by name. */
export const JOB_TYPES: ReadonlyMap<string, JobType> = new Map(
${asEntries(names.map(identifier))}
);
`;
}

/** As the formatter sets it: on one line where it fits. */
function asEntries(identifiers: readonly string[]): string {
  const entries = (list: string) => `  [${list}].map((jobType) => [jobType.name, jobType]),`;
  const line = entries(identifiers.join(", "));
  return line.length <= LINE_WIDTH ? line : entries(`\n    ${identifiers.join(",\n    ")},\n  `);
}

if (import.meta.main) writeFileSync(REGISTRY, registryText());
