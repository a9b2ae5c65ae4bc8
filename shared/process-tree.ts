import { readdirSync, readFileSync } from "node:fs";
import { until } from "./until.ts";

export interface ProcessInfo {
  pid: number;
  parent: number;
  /** Together with the pid, identifies a process, because pids are reused. */
  startedAt: string;
}

/** Returns the process with this pid; undefined if it has ended, even if it is still a zombie. */
export function findProcess(pid: number): ProcessInfo | undefined {
  return process.platform === "linux" ? readStat(pid) : listWithPs(["-p", String(pid)])[0];
}

export function isSameProcess(known: Pick<ProcessInfo, "pid" | "startedAt">): boolean {
  return findProcess(known.pid)?.startedAt === known.startedAt;
}

/** Returns a process and all its descendants, parents first. */
export function processTree(root: number): ProcessInfo[] {
  const all = process.platform === "linux" ? listWithProc() : listWithPs(["-A"]);
  const tree = all.filter((one) => one.pid === root);
  for (const parent of tree) tree.push(...all.filter((one) => one.parent === parent.pid));
  return tree;
}

/** Kills a process and all its descendants, and resolves when they have ended. */
export async function killTree(root: number): Promise<void> {
  // The parent is stopped first, so it cannot start another child between the listing and the kill.
  signalProcess(root, "SIGSTOP");
  await killAll(processTree(root));
}

export async function killAll(processes: ProcessInfo[]): Promise<void> {
  for (const one of processes) if (isSameProcess(one)) signalProcess(one.pid, "SIGKILL");
  await allGone(processes, 10_000);
}

/** Resolves when all of the processes have ended. After the timeout, throws an error that names the survivors. */
export async function allGone(processes: ProcessInfo[], timeoutMs: number): Promise<void> {
  await until(() => !processes.some(isSameProcess), {
    timeoutMs,
    what: () => `the end of processes ${processes.filter(isSameProcess).map((one) => one.pid)}`,
  });
}

/** Sends a signal. Returns false if the process no longer exists. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

function listWithProc(): ProcessInfo[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readStat(Number(name)))
    .filter((one) => one !== undefined);
}

function readStat(pid: number): ProcessInfo | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ESRCH") return undefined;
    throw error;
  }
  // See proc(5). The command (field 2) may contain spaces and parentheses; field 3 is the state, 22 the start time.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z" || fields[0] === "X") return undefined;
  return { pid, parent: Number(fields[1]), startedAt: fields[19] ?? "" };
}

function listWithPs(selection: string[]): ProcessInfo[] {
  const { stdout } = Bun.spawnSync(["ps", ...selection, "-o", "pid=,ppid=,stat=,lstart="], {
    env: { PATH: process.env.PATH, LC_ALL: "C" },
  });
  return stdout
    .toString()
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length > 3 && !fields[2]?.startsWith("Z"))
    .map(([pid, parent, , ...date]) => ({
      pid: Number(pid),
      parent: Number(parent),
      startedAt: date.join(" "),
    }));
}
