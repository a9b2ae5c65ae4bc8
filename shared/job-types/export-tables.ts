import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { JobType } from "./define.ts";

/** The tables of job types in documents. Each is between the two comments below. */
const TABLES: Readonly<Record<string, (types: readonly JobType[]) => string>> = {
  "docs/job-types.md": (types) =>
    table(
      ["job type", "what it does", "example payload"],
      types.map(({ name, description, example }) => [
        `\`${name}\``,
        description,
        `\`${JSON.stringify(example)}\``,
      ]),
    ),
  "contracts/VERSIONS.md": (types) =>
    table(
      ["schema", "version", "what the type does"],
      types.map(({ name, version, description }) => [`job-type.${name}`, version, description]),
    ),
};

const START = "<!-- job types: written by bun run contracts:export -->";
const END = "<!-- end of job types -->";

/** Returns each document that lists the job types, with its table brought up to date, by its path from `root`. */
export function exportedDocuments(root: string, types: readonly JobType[]): Map<string, string> {
  return new Map(
    Object.entries(TABLES).map(([path, tableOf]) => {
      const text = readFileSync(join(root, path), "utf8");
      const [before, rest] = text.split(START);
      const after = rest?.split(END)[1];
      if (before === undefined || after === undefined)
        throw new Error(`${path} has no table of job types between ${START} and ${END}`);
      return [path, `${before}${START}\n\n${tableOf(types)}\n\n${END}${after}`];
    }),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (row: readonly string[]) =>
    `| ${row.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [head, head.map(() => "---"), ...rows].map(line).join("\n");
}
