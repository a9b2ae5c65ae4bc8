import { expect, test } from "bun:test";
import { jobTypeFiles } from "../../shared/job-types/discover.ts";
import { JOB_TYPES } from "../../shared/job-types/registry.ts";
import { registryText } from "./list-job-types.ts";

test("a binary contains every job type in the source folder, in the registry's order", () => {
  const files = jobTypeFiles();
  expect(files.map((file) => file.replace(/\.ts$/, ""))).toEqual([...JOB_TYPES.keys()]);
  const imported = [...registryText(files).matchAll(/from "\.\/(.+)"/g)].map(([, file]) => file);
  expect(imported).toEqual(files);
});
