import { linkSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type DevState, readState, STATE_FILE_NAME } from "../../shared/dev-state.ts";
import { findProcess, isSameProcess, killTree } from "../../shared/process-tree.ts";

export interface StateFile {
  update(change: Partial<Omit<DevState, "owner" | "since" | "processes">>): void;
  /** Records a process that must not outlive us. */
  own(pid: number): void;
  release(): void;
}

/**
 * Makes this process the only one that runs in the folder, or returns the state of the one that already does. First
 * ends the processes that a killed run left behind.
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
    // Renamed into place: a reader never sees half a file.
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
  // A link appears complete or not at all, and never where a file already exists.
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
