import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder that is removed when this process ends, however it ends but by SIGKILL. */
export function createTemporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "task-observatory-"));
  // Started by root, PostgreSQL runs as another user, who must get through to its own folder.
  chmodSync(folder, 0o711);
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
