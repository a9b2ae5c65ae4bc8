import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { spawnSync } from "bun";
import type { BuildInfo } from "../../shared/build-info.ts";

/**
 * Returns the commit and the build time to record in a build: `COMMIT` and `SOURCE_DATE_EPOCH` (in seconds, as defined
 * by reproducible-builds.org) if they are set, otherwise the repository's commit and the current time.
 */
export function readProvenance(
  projectDir: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): BuildInfo {
  const epoch = env.SOURCE_DATE_EPOCH;
  if (epoch && !/^\d+$/.test(epoch))
    throw new Error(`SOURCE_DATE_EPOCH is ${JSON.stringify(epoch)}: expected whole seconds`);
  const builtAt = epoch ? new Date(Number(epoch) * 1_000) : new Date();
  return {
    commit: env.COMMIT || commitFromGit(projectDir) || commitFromFiles(projectDir) || "unknown",
    builtAt: builtAt.toISOString().replace(/\.\d+Z$/, "Z"),
  };
}

/** Returns the commit, marked `-dirty` if the working tree differs from it. */
function commitFromGit(projectDir: string): string | undefined {
  const git = (...args: string[]) => {
    const { success, stdout } = spawnSync(["git", ...args], { cwd: projectDir, stderr: "ignore" });
    return success ? stdout.toString().trim() : undefined;
  };
  if (!Bun.which("git")) return undefined;
  const commit = git("rev-parse", "--short=12", "HEAD");
  return commit && `${commit}${git("status", "--porcelain", "--untracked-files=no") ? "-dirty" : ""}`;
}

/** Reads the commit from the repository's files, because git is not installed where images are built. */
function commitFromFiles(projectDir: string): string | undefined {
  const read = (path: string) => {
    const file = join(projectDir, ".git", path);
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  };
  const head = read("HEAD").trim();
  const ref = /^ref: (.+)$/.exec(head)?.[1];
  const packed = () =>
    read("packed-refs")
      .split("\n")
      .find((line) => line.endsWith(` ${ref}`));
  const commit = ref ? read(ref).trim() || packed() : head;
  return /^[0-9a-f]{12}/.exec(commit ?? "")?.[0];
}
