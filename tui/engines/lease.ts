import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProcess, isSameProcess, killTree, type ProcessInfo } from "../../shared/process-tree.ts";

type Identity = Pick<ProcessInfo, "pid" | "startedAt">;

/** Who runs the engine in this folder: its main process, and the process that started it. */
interface Lease {
  engine: Identity;
  owner: Identity;
}

/**
 * Ends an engine that an earlier owner left behind in this folder when it was killed. Throws when the owner is still
 * alive, since two runs would destroy each other's data.
 */
export async function takeOver(dataDir: string): Promise<void> {
  const lease = readLease(dataDir);
  if (!lease || !isSameProcess(lease.engine)) return;
  if (isSameProcess(lease.owner)) {
    throw new Error(
      `The engine in ${dataDir} is already run by process ${lease.owner.pid}; stop that one first`,
    );
  }
  await killTree(lease.engine.pid);
}

export function writeLease(dataDir: string, enginePid: number): void {
  const engine = findProcess(enginePid);
  const owner = findProcess(process.pid);
  if (!engine || !owner) return; // It ended at once, which the caller notices.
  writeFileSync(fileOf(dataDir), JSON.stringify({ engine, owner } satisfies Lease));
}

export function dropLease(dataDir: string): void {
  rmSync(fileOf(dataDir), { force: true });
}

function readLease(dataDir: string): Lease | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(dataDir), "utf8")) as Lease;
  } catch (error) {
    // Absent at the first start; incomplete when the owner was killed while writing it.
    if ((error as NodeJS.ErrnoException).code === "ENOENT" || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const fileOf = (dataDir: string) => join(dataDir, "engine.json");
