import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProcess, isSameProcess, killTree, type ProcessInfo } from "../../shared/process-tree.ts";

type Identity = Pick<ProcessInfo, "pid" | "startedAt">;

/** Who runs the engine in a folder: the engine's main process and the process that started it. */
interface Lease {
  engine: Identity;
  owner: Identity;
}

/**
 * Ends an engine that a killed owner left behind in this folder. Throws if the owner is still alive, because two runs
 * would destroy each other's data.
 */
export async function takeOver(dataDir: string): Promise<void> {
  const lease = readLease(dataDir);
  if (!lease || !isSameProcess(lease.engine)) return;
  if (isSameProcess(lease.owner)) {
    throw new Error(
      `Process ${lease.owner.pid} already runs the engine in ${dataDir}; stop that process first`,
    );
  }
  await killTree(lease.engine.pid);
}

export function writeLease(dataDir: string, enginePid: number): void {
  const engine = findProcess(enginePid);
  const owner = findProcess(process.pid);
  if (!engine || !owner) return; // The engine has already ended, which the caller detects.
  writeFileSync(fileOf(dataDir), JSON.stringify({ engine, owner } satisfies Lease));
}

export function dropLease(dataDir: string): void {
  rmSync(fileOf(dataDir), { force: true });
}

function readLease(dataDir: string): Lease | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(dataDir), "utf8")) as Lease;
  } catch (error) {
    // The lease is absent at the first start, and incomplete if the owner was killed while writing it.
    if ((error as NodeJS.ErrnoException).code === "ENOENT" || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const fileOf = (dataDir: string) => join(dataDir, "engine.json");
