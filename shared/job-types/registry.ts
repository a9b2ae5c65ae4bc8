import { join } from "node:path";
import type { JobType } from "./define.ts";
import { jobTypeFiles } from "./discover.ts";

/**
 * The job types by name, one for each file in this folder that defines one. A binary has no folder to read, so its
 * build lists the same files as imports (tui/build/list-job-types.ts).
 */
export const JOB_TYPES: ReadonlyMap<string, JobType> = new Map(await Promise.all(jobTypeFiles().map(load)));

async function load(file: string): Promise<[string, JobType]> {
  const { default: jobType } = (await import(join(import.meta.dir, file))) as { default: JobType };
  // Authors find, test and remove a job type by its file's name, so the file must be named after the type.
  if (`${jobType.name}.ts` !== file)
    throw new Error(
      `shared/job-types/${file} names its type ${JSON.stringify(jobType.name)}; a file must be named after its type`,
    );
  return [jobType.name, jobType];
}
