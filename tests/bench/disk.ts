import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/**
 * Returns the total size, in bytes, of the files under a folder. It excludes PostgreSQL's write-ahead log, which is
 * recycled and counted separately. A file that disappears while the folder is read counts as 0.
 */
export function diskBytes(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || entry.parentPath.includes("/pg_wal")) continue;
    bytes += statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return bytes;
}
