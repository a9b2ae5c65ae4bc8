import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder that is removed when this process ends, however it ends except by SIGKILL. */
export function createTemporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "task-observatory-"));
  // When started by root, PostgreSQL runs as another user, who must be able to reach its own folder.
  chmodSync(folder, 0o711);
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
