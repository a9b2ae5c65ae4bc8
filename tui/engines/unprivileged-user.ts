import { createHash } from "node:crypto";
import { chownSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface SystemUser {
  uid: number;
  gid: number;
}

/**
 * Returns the user under which to run a server that refuses to run as root: `postgres` or, if there is no such user,
 * `nobody`. Throws if neither exists. Returns undefined if this process does not run as root.
 */
export function unprivilegedUser(): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  const user = ["postgres", "nobody"].map((name) => users.find((fields) => fields[0] === name)).find(Boolean);
  if (!user)
    throw new Error("PostgreSQL refuses to run as root, and /etc/passwd lists neither postgres nor nobody");
  return { uid: Number(user[2]), gid: Number(user[3]) };
}

const ROOT_FOLDER = "/var/lib/task-observatory";

/**
 * Returns the folder for files that the unprivileged user must read or own; undefined if this process does not run as
 * root.
 */
export function systemFolder(): string | undefined {
  return process.getuid?.() === 0 ? ROOT_FOLDER : undefined;
}

/**
 * Returns a folder that `user` owns. This is `dataDir/name` if the user can reach it. Otherwise, for example if the
 * clone is below /root, it is a folder under /var/lib, and the file `dataDir/name.moved` records its path. If that file
 * is missing, any data in the folder under /var/lib is left over from a `dataDir` that has been deleted, and is
 * removed: deleting the data folder always leads to an empty store.
 */
export function folderFor(
  user: SystemUser | undefined,
  dataDir: string,
  name: string,
  onProgress?: (line: string) => void,
): string {
  const wanted = join(dataDir, name);
  mkdirSync(dataDir, { recursive: true });
  if (!user || canTraverse(user, dataDir)) return ownedBy(user, wanted);

  const key = createHash("sha256").update(wanted).digest("hex").slice(0, 12);
  const elsewhere = join(ROOT_FOLDER, `${name}-${key}`);
  const note = `${wanted}.moved`;
  if (!statSync(note, { throwIfNoEntry: false })) rmSync(elsewhere, { recursive: true, force: true });
  ownedBy(user, elsewhere);
  writeFileSync(note, `${elsewhere}\n`);
  onProgress?.(
    `PostgreSQL runs as an unprivileged user that cannot enter ${dataDir}, so its data is in ${elsewhere}`,
  );
  return elsewhere;
}

function ownedBy(user: SystemUser | undefined, folder: string): string {
  mkdirSync(dirname(folder), { recursive: true, mode: 0o755 });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (user) chownSync(folder, user.uid, user.gid);
  return folder;
}

function canTraverse({ uid, gid }: SystemUser, folder: string): boolean {
  const { mode, uid: owner, gid: group } = statSync(folder);
  const execute = owner === uid ? 0o100 : group === gid ? 0o010 : 0o001;
  const parent = dirname(folder);
  return (mode & execute) !== 0 && (parent === folder || canTraverse({ uid, gid }, parent));
}
