import { linkSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type DevState, readState, STATE_FILE_NAME } from "../../shared/dev-state.ts";
import { findProcess, isSameProcess, killTree } from "../../shared/process-tree.ts";

export interface StateFile {
  update(change: Partial<Omit<DevState, "owner" | "since" | "processes">>): void;
  /** Records a process that must not outlive this one. */
  own(pid: number): void;
  release(): void;
}

/**
 * Claims the folder for this process and ends any processes that a killed run left behind. If another run holds the
 * folder, returns its state instead.
 */
export async function claimFolder(dataDir: string): Promise<{ file: StateFile } | { runningAs: DevState }> {
  mkdirSync(dataDir, { recursive: true });
  const path = join(dataDir, STATE_FILE_NAME);
  const owner = findProcess(process.pid);
  if (!owner) throw new Error("Could not find this process in the process list");
  let state: DevState = {
    owner: { pid: owner.pid, startedAt: owner.startedAt },
    since: new Date().toISOString(),
    addresses: [],
    services: {},
    engines: {},
    processes: [],
  };
  while (!createExclusively(path, state)) {
    const other = readState(path);
    if (other && isSameProcess(other.owner)) return { runningAs: other };
    for (const left of other?.processes ?? []) if (isSameProcess(left)) await killTree(left.pid);
    rmSync(path, { force: true });
  }

  const write = (next: DevState) => {
    state = next;
    // Renames the finished file into place, so a reader never sees half of it.
    writeFileSync(`${path}.new`, text(state), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  };
  return {
    file: {
      update: (change) => write({ ...state, ...change }),
      own(pid) {
        const found = findProcess(pid);
        const alive = state.processes.filter(isSameProcess);
        if (found) write({ ...state, processes: [...alive, { pid, startedAt: found.startedAt }] });
      },
      release: () => rmSync(path, { force: true }),
    },
  };
}

function createExclusively(path: string, state: DevState): boolean {
  // A hard link appears with its whole content or not at all, and never replaces an existing file.
  const unlinked = `${path}.${process.pid}`;
  writeFileSync(unlinked, text(state), { mode: 0o600 });
  try {
    linkSync(unlinked, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(unlinked, { force: true });
  }
}

const text = (state: DevState) => `${JSON.stringify(state, null, 2)}\n`;
