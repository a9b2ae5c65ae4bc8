import { readdirSync, readFileSync } from "node:fs";
import { until } from "./until.ts";

export interface ProcessInfo {
  pid: number;
  parent: number;
  /** Identifies one process together with the pid: pids are reused, start times are not. */
  startedAt: string;
}

/** The process with this pid; a zombie counts as gone. */
export function findProcess(pid: number): ProcessInfo | undefined {
  return process.platform === "linux" ? readStat(pid) : listWithPs(["-p", String(pid)])[0];
}

export function isSameProcess(known: Pick<ProcessInfo, "pid" | "startedAt">): boolean {
  return findProcess(known.pid)?.startedAt === known.startedAt;
}

/** The process and everything below it, parents first. */
export function processTree(root: number): ProcessInfo[] {
  const all = process.platform === "linux" ? listWithProc() : listWithPs(["-A"]);
  const tree = all.filter((one) => one.pid === root);
  for (const parent of tree) tree.push(...all.filter((one) => one.parent === parent.pid));
  return tree;
}

/** Kills a process and all its descendants, and returns when they are gone. */
export async function killTree(root: number): Promise<void> {
  // Stopped first, the parent cannot start another child between the listing and the kill.
  signalProcess(root, "SIGSTOP");
  await killAll(processTree(root));
}

export async function killAll(processes: ProcessInfo[]): Promise<void> {
  for (const one of processes) if (isSameProcess(one)) signalProcess(one.pid, "SIGKILL");
  await allGone(processes, 10_000);
}

/** Resolves when none of the processes is left; throws, naming the survivors, after the timeout. */
export async function allGone(processes: ProcessInfo[], timeoutMs: number): Promise<void> {
  await until(() => !processes.some(isSameProcess), {
    timeoutMs,
    what: () => `the end of processes ${processes.filter(isSameProcess).map((one) => one.pid)}`,
  });
}

/** Sends a signal; false when the process no longer exists. */
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
  // proc(5): the command, field 2, may itself hold spaces and brackets; state is field 3, start time 22.
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
