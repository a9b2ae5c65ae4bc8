import { randomBytes } from "node:crypto";
import { chownSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProcess, killTree } from "../../shared/process-tree.ts";
import { runTool } from "../../shared/run-tool.ts";
import type { SystemUser } from "./unprivileged-user.ts";

export const SUPERUSER = "observatory";

export interface Cluster {
  /** The path of PostgreSQL's data directory. */
  data: string;
  password: string;
}

/** Opens the cluster in this folder, or creates one with a superuser whose password is stored beside it. */
export async function openCluster(
  folder: string,
  bin: string,
  user: SystemUser | undefined,
  signal?: AbortSignal,
): Promise<Cluster> {
  const data = join(folder, "data");
  const passwordFile = join(folder, "password");
  if (existsSync(data)) return { data, password: readFileSync(passwordFile, "utf8") };

  const password = randomBytes(18).toString("base64url");
  rmSync(passwordFile, { force: true });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user) chownSync(passwordFile, user.uid, user.gid);

  // Creates the cluster under another name and renames it when complete. The next start discards an incomplete one.
  const unfinished = `${data}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  const options = ["--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", `--username=${SUPERUSER}`];
  await runTool([join(bin, "initdb"), `--pgdata=${unfinished}`, `--pwfile=${passwordFile}`, ...options], {
    user,
    cwd: folder,
    env: { PATH: process.env.PATH, LC_ALL: "C" },
    signal,
  });
  renameSync(unfinished, data);
  return { data, password };
}

/**
 * Removes a lock file that a crash left behind. PostgreSQL does this itself unless the pid in the file belongs to a
 * running process. After a crash, another program may have been given that pid, so the process is killed only if it is
 * a PostgreSQL server on this data directory.
 */
export async function clearStaleLock(data: string): Promise<void> {
  const lock = join(data, "postmaster.pid");
  if (!existsSync(lock)) return;
  const [pid] = readFileSync(lock, "utf8").split("\n");
  const server = pid ? findProcess(Number(pid)) : undefined;
  if (server && (await commandOf(server.pid)).includes(data)) await killTree(server.pid);
  rmSync(lock, { force: true });
}

async function commandOf(pid: number): Promise<string> {
  if (process.platform === "linux") return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  return await runTool(["ps", "-p", String(pid), "-o", "args="]);
}
