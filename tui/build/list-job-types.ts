import { dirname } from "node:path";
import type { BunPlugin } from "bun";
import { jobTypeFiles } from "../../shared/job-types/discover.ts";

/**
 * Returns the registry's source for a binary: it imports each of the folder's job types by file name, so that the
 * bundler includes them.
 */
export function registryText(files: readonly string[]): string {
  const names = files.map((_, index) => `type${index}`);
  return `${files.map((file, index) => `import ${names[index]} from "./${file}";`).join("\n")}
export const JOB_TYPES = new Map([${names.join(", ")}].map((jobType) => [jobType.name, jobType]));
`;
}

/** Replaces the registry, which reads its folder at run time, with a fixed list of the folder's job types. */
export const listJobTypes: BunPlugin = {
  name: "list-job-types",
  setup(build) {
    build.onLoad({ filter: /[\\/]shared[\\/]job-types[\\/]registry\.ts$/ }, ({ path }) => ({
      contents: registryText(jobTypeFiles(dirname(path))),
      loader: "ts",
    }));
  },
};
