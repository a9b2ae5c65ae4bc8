import { copyFileSync, existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { createEngineFolder } from "./engine-folder.ts";

const ROOT = join(import.meta.dir, "../..");

/** Copies every file that git does not ignore, and links `node_modules`, for tests that change sources. */
export function copyProject(): { readonly root: string; remove(): void } {
  const root = createEngineFolder("observatory-copy-");
  const { stdout } = Bun.spawnSync(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: ROOT,
  });
  for (const file of stdout.toString().split("\0")) {
    // Skip tracked files that have been deleted, because git still lists them.
    if (file === "" || file === "node_modules" || !existsSync(join(ROOT, file))) continue;
    mkdirSync(dirname(join(root, file)), { recursive: true });
    copyFileSync(join(ROOT, file), join(root, file));
  }
  symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}
