import { readdirSync, readFileSync } from "node:fs";
import type { NamedProcess } from "./system.ts";

/** The CPU time and peak memory that the processes with one label, and their children, used during a run. */
export interface ProcessUsage {
  label: string;
  cpuSeconds: number;
  peakMegabytes: number;
}

export interface UsageMeter {
  /** Takes a final sample and returns the sums; null on a system without /proc. */
  stop(): ProcessUsage[] | null;
}

interface Sample {
  cpuTicks: number;
  anonKb: number;
  fileKb: number;
  shmemKb: number;
}

/**
 * Samples the processes and all their descendants until stopped. It misses a child that starts and ends between two
 * samples. Pages that a process tree shares, such as PostgreSQL's buffers, count once.
 */
export function startUsageMeter(processes: readonly NamedProcess[]): UsageMeter {
  if (process.platform !== "linux") return { stop: () => null };
  const meters = [...Map.groupBy(processes, ({ label }) => label)].map(([label, roots]) => ({
    label,
    roots: roots.map(({ pid }) => pid),
    first: new Map<number, number>(),
    last: new Map<number, number>(),
    peakKb: 0,
  }));
  const named = new Set(processes.map(({ pid }) => pid));

  const sample = (isFirst: boolean) => {
    const children = readChildren();
    for (const meter of meters) {
      let anonKb = 0;
      let fileKb = 0;
      let shmemKb = 0;
      for (const pid of descendants(meter.roots, children, named)) {
        const seen = readSample(pid);
        if (!seen) continue;
        // A child that started during the run counts from zero, because its whole CPU time belongs to the run.
        if (!meter.first.has(pid)) meter.first.set(pid, isFirst ? seen.cpuTicks : 0);
        meter.last.set(pid, seen.cpuTicks);
        anonKb += seen.anonKb;
        fileKb = Math.max(fileKb, seen.fileKb);
        shmemKb = Math.max(shmemKb, seen.shmemKb);
      }
      meter.peakKb = Math.max(meter.peakKb, anonKb + fileKb + shmemKb);
    }
  };
  sample(true);
  const timer = setInterval(sample, SAMPLE_EVERY_MS, false);

  return {
    stop() {
      clearInterval(timer);
      sample(false);
      return meters.map(({ label, first, last, peakKb }) => {
        let ticks = 0;
        for (const [pid, end] of last) ticks += end - (first.get(pid) ?? 0);
        return { label, cpuSeconds: ticks / TICKS_PER_SECOND, peakMegabytes: peakKb / 1024 };
      });
    },
  };
}

/** Returns one process's CPU time so far, without its children. Throws if the process or /proc does not exist. */
export function cpuSecondsOf(pid: number): number {
  return sampleOf(pid).cpuTicks / TICKS_PER_SECOND;
}

/** Returns one process's resident memory, without its children. Throws like {@link cpuSecondsOf}. */
export function residentMegabytesOf(pid: number): number {
  const { anonKb, fileKb, shmemKb } = sampleOf(pid);
  return (anonKb + fileKb + shmemKb) / 1024;
}

function sampleOf(pid: number): Sample {
  const sample = readSample(pid);
  if (!sample) throw new Error(`process ${pid} has no entry in /proc`);
  return sample;
}

const SAMPLE_EVERY_MS = 500;
// USER_HZ, the unit of /proc/PID/stat on every Linux that Bun runs on (proc(5)).
const TICKS_PER_SECOND = 100;

function readChildren(): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const parent = Number(statFields(pid)?.[1]);
    if (!Number.isInteger(parent)) continue;
    const siblings = children.get(parent);
    if (siblings) siblings.push(pid);
    else children.set(parent, [pid]);
  }
  return children;
}

function descendants(
  roots: readonly number[],
  children: Map<number, number[]>,
  named: Set<number>,
): number[] {
  const found = [...roots];
  for (const pid of found) {
    for (const child of children.get(pid) ?? []) if (!named.has(child)) found.push(child);
  }
  return found;
}

function readSample(pid: number): Sample | null {
  const fields = statFields(pid);
  const status = readProc(pid, "status");
  if (!fields || !status) return null;
  const kb = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0);
  return {
    cpuTicks: Number(fields[11]) + Number(fields[12]),
    anonKb: kb("RssAnon"),
    fileKb: kb("RssFile"),
    shmemKb: kb("RssShmem"),
  };
}

/** Returns the fields after the command name, which may contain spaces: state, ppid, …, utime at 11, stime at 12. */
function statFields(pid: number): string[] | null {
  const stat = readProc(pid, "stat");
  return stat ? stat.slice(stat.lastIndexOf(")") + 2).split(" ") : null;
}

/** Reads a file of a process; null if the process has already ended. */
function readProc(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return null;
  }
}
