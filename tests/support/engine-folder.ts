import { chmodSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Creates a temporary folder for engine data; the caller removes it. If the tests run as root, PostgreSQL runs as
 * another user, who must be able to enter the folder.
 */
export function createEngineFolder(prefix: string): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  chmodSync(folder, 0o711);
  return folder;
}
