import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { jobTypeFiles } from "../../shared/job-types/discover.ts";

const ROOT = join(import.meta.dir, "../..");
const TYPES = join(ROOT, "shared/job-types");
const SCHEMAS = join(ROOT, "contracts/schemas");

/**
 * Rewrites the files derived from the job types when they are out of date, so that a developer adds a job type by
 * adding one file. In CI it writes nothing; there, a test fails if the files are out of date.
 */
export function exportJobTypes(): void {
  if (process.env.CI || !isStale()) return;
  const { stdout, stderr } = Bun.spawnSync([process.execPath, "shared/export-contracts.ts"], { cwd: ROOT });
  // A failed export is only printed, because a job type that cannot be loaded fails the tests that load it anyway.
  console.error(`${stdout}${stderr}`.trim());
}

function isStale(): boolean {
  const types = jobTypeFiles(TYPES).map((file) => file.replace(/\.ts$/, ""));
  const schemas = readdirSync(SCHEMAS).filter((file) => /^job-type\.[^.]+\.json$/.test(file));
  if (types.length !== schemas.length) return true;
  const ageOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return types.some(
    (name) => ageOf(join(SCHEMAS, `job-type.${name}.json`)) < ageOf(join(TYPES, `${name}.ts`)),
  );
}
