import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/**
 * Returns the process that listens on a TCP port, as "name (pid 123)"; undefined if there is none or it is hidden, such
 * as another user's process.
 */
export function findPortHolder(port: number): string | undefined {
  const pid = process.platform === "linux" ? findWithProc(port) : findWithLsof(port);
  return pid === undefined ? undefined : `${nameOf(pid)} (pid ${pid})`;
}

function findWithProc(port: number): number | undefined {
  const inodes = new Set([...inodesIn("/proc/net/tcp", port), ...inodesIn("/proc/net/tcp6", port)]);
  if (inodes.size === 0) return undefined;
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const pid = pids.find((one) =>
    attempt(() =>
      readdirSync(`/proc/${one}/fd`).some((fd) =>
        inodes.has(attempt(() => readlinkSync(`/proc/${one}/fd/${fd}`)) ?? ""),
      ),
    ),
  );
  return pid === undefined ? undefined : Number(pid);
}

/** proc(5), /proc/net/tcp: field 1 is the local address as hex host:port, 3 the state (0A is LISTEN), 9 the inode. */
function inodesIn(file: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return (attempt(() => readFileSync(file, "utf8")) ?? "")
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix) && fields[3] === "0A")
    .map((fields) => `socket:[${fields[9]}]`);
}

function findWithLsof(port: number): number | undefined {
  if (!Bun.which("lsof")) return undefined;
  const { stdout } = Bun.spawnSync(["lsof", "-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-t"]);
  const pid = Number(stdout.toString().split("\n")[0]);
  return pid > 0 ? pid : undefined;
}

/** Returns the process's program name; for an interpreter, also the script. */
function nameOf(pid: number): string {
  const words =
    attempt(() => readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")) ??
    Bun.spawnSync(["ps", "-p", String(pid), "-o", "command="])
      .stdout.toString()
      .trim()
      .split(" ");
  const [program = "", script = ""] = words;
  const base = program.split("/").at(-1) || "a process";
  return /^(bun|node|python[\d.]*|ruby)(\.exe)?$/.test(base) && script ? `${base} ${script}` : base;
}

/** Returns undefined if a process ended during the inspection or hides its files, as other users' processes do. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH" || code === "EACCES" || code === "EPERM") return undefined;
    throw error;
  }
}
