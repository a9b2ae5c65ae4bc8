import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Lists the files in this folder whose default export is a job type, sorted by name. */
export function jobTypeFiles(folder: string = import.meta.dir): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".ts"))
    .filter((file) => /^export default defineJobType\(/m.test(readFileSync(join(folder, file), "utf8")))
    .sort();
}
