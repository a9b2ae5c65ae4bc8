import { existsSync, readdirSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";

// Folders that are often missing from the PATH of a non-login shell: Debian's sbin, Homebrew's folders and Go's bin.
const USUAL_FOLDERS = [
  "/usr/local/sbin",
  "/usr/sbin",
  "/opt/homebrew/bin",
  "/opt/homebrew/sbin",
  "/usr/local/bin",
  "/usr/local/go/bin",
];

/** Returns the path of a program on the PATH or in the usual folders; undefined if it is not found. */
export function findProgram(name: string): string | undefined {
  return Bun.which(name) ?? Bun.which(name, { PATH: USUAL_FOLDERS.join(":") }) ?? undefined;
}

/** Returns folders with `initdb` and `postgres`: the one on the PATH, then Debian's and Homebrew's, newest first. */
export function findPostgresBins(): string[] {
  const initdb = findProgram("initdb");
  const folders = [
    // Resolves the symlink, because PostgreSQL's other programs may be only beside the real file.
    ...(initdb ? [dirname(realpathSync(initdb))] : []),
    ...versionsIn("/usr/lib/postgresql", /^(\d+)$/).map((path) => join(path, "bin")),
    ...versionsIn("/opt/homebrew/opt", /^postgresql@(\d+)$/).map((path) => join(path, "bin")),
    ...versionsIn("/usr/local/opt", /^postgresql@(\d+)$/).map((path) => join(path, "bin")),
  ];
  return [...new Set(folders)].filter((folder) =>
    ["postgres", "initdb"].every((program) => existsSync(join(folder, program))),
  );
}

/** Returns RabbitMQ's home, the folder with `sbin`, `escript` and `plugins`. */
export function findRabbitmqHome(): string | undefined {
  // Debian's program on the PATH is a wrapper that requires the system-wide user, data folder and log.
  const places = ["/usr/lib/rabbitmq/bin/rabbitmq-server", findProgram("rabbitmq-server")];
  return places
    .filter((path) => path !== undefined && existsSync(path))
    .map((path) => dirname(dirname(realpathSync(path as string))))
    .find((home) => existsSync(join(home, "sbin", "rabbitmq-env")) && existsSync(join(home, "plugins")));
}

function versionsIn(folder: string, pattern: RegExp): string[] {
  if (!existsSync(folder)) return [];
  const version = (name: string) => Number(pattern.exec(name)?.[1]);
  return readdirSync(folder)
    .filter((name) => pattern.test(name))
    .sort((a, b) => version(b) - version(a))
    .map((name) => join(folder, name));
}
