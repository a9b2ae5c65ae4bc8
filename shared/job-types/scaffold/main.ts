import { existsSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { Value } from "@sinclair/typebox/value";
import { JobTypeInfo } from "../../../contracts/job-type.ts";
import { createCommandLine, UsageError } from "../../command-line.ts";
import { jobTypeTestText, jobTypeText } from "./template.ts";

const FOLDER = join(import.meta.dir, "..");

/** Writes a new job type's two files, and returns the exit code. */
async function main(): Promise<number> {
  const [name] = createCommandLine(
    "bun run new:job-type",
    "Writes shared/job-types/NAME.ts, a small job type to start from, and NAME.test.ts beside it. To remove a job type, delete both files.",
  )
    .argument("<name>", "kebab case: lower-case letters, digits and hyphens, as in resize-image")
    .parse().processedArgs;
  if (!Value.Check(JobTypeInfo.properties.name, name) || name.endsWith("-"))
    throw new UsageError(`${JSON.stringify(name)} is not a valid name for a job type; see --help`);
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
  // Imported only now, because it loads every job type, including the new one.
  const { exportAll } = await import("../../export-contracts.ts");
  await exportAll();
  const [source, test] = files.map(({ path }) => relative(process.cwd(), path));
  console.log(`Wrote ${source} and ${test}; edit them to do the job's work.
  bun test ${test}   runs its test
  A running \`bun run dev\` takes jobs of type ${name} as soon as the file is saved.`);
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
