import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Creates a folder that is removed when this process exits; only SIGKILL leaves it behind. */
export function createTemporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "task-observatory-"));
  // PostgreSQL refuses to run as root, so root starts it as another user. That user must be able to pass through this
  // folder to PostgreSQL's data.
  chmodSync(folder, 0o711);
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
