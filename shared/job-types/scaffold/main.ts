import { existsSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { JobTypeInfo } from "../../../contracts/job-type.ts";
import { jobTypeTestText, jobTypeText } from "./template.ts";

const FOLDER = join(import.meta.dir, "..");
const USAGE = `Usage: bun run new:job-type NAME

Writes shared/job-types/NAME.ts, a small job type to change, and NAME.test.ts beside it. NAME is kebab case: lower-case
letters, digits and hyphens, as in resize-image. To remove a job type, delete both files.`;

/** Writes the two files of a new job type; returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const [name = ""] = args;
  if (name === "--help" || name === "-h") {
    console.log(USAGE);
    return 0;
  }
  if (args.length !== 1 || !Value.Check(JobTypeInfo.properties.name, name) || name.endsWith("-")) {
    const fault =
      name === "" ? "" : `${JSON.stringify(args.join(" "))} is not a valid name for a job type.\n\n`;
    console.error(`${fault}${USAGE}`);
    return 2;
  }
  const files = [
    { path: join(FOLDER, `${name}.ts`), text: jobTypeText(name) },
    { path: join(FOLDER, `${name}.test.ts`), text: jobTypeTestText(name) },
  ];
  const taken = files.find(({ path }) => existsSync(path));
  if (taken) {
    console.error(`${relative(process.cwd(), taken.path)} already exists; choose another name`);
    return 1;
  }
  for (const { path, text } of files) writeFileSync(path, text, { flag: "wx" });
  // Imported only now: it loads every job type, including the new one.
  const { exportAll } = await import("../../export-contracts.ts");
  await exportAll();
  const [source, test] = files.map(({ path }) => relative(process.cwd(), path));
  console.log(`Wrote ${source} and ${test}: change them to what the job should do.
  bun test ${test}   runs its test
  A running \`bun run dev\` takes jobs of type ${name} as soon as the file is saved.`);
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
