import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { isSameProcess, type ProcessInfo } from "./process-tree.ts";

export type ProcessIdentity = Pick<ProcessInfo, "pid" | "startedAt">;

/** The contents of `dev.json`, which describes a running observatory. */
export interface DevState {
  readonly owner: ProcessIdentity;
  readonly since: string;
  /** Empty while the observatory is starting. */
  readonly addresses: readonly {
    readonly name: string;
    readonly address: string;
    readonly purpose: string;
  }[];
  /** The services' URLs by name. */
  readonly services: Readonly<Record<string, string>>;
  /** The engines' URLs by name, including passwords, since only the owner can read the file. */
  readonly engines: Readonly<Record<string, string>>;
  readonly processes: readonly ProcessIdentity[];
}

/** The folder in which a project keeps its observatory's data, unless `--data` names another. */
export const DATA_FOLDER_NAME = ".observatory";
export const STATE_FILE_NAME = "dev.json";

/** Returns the state in a `dev.json`; undefined if it is missing, unreadable by this user, or not JSON. */
export function readState(path: string): DevState | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as DevState;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EACCES" || error instanceof SyntaxError)
      return undefined;
    throw error;
  }
}

/** Returns the state of the observatory that runs from this folder or its nearest parent; undefined if none runs. */
export function findRunningState(folder: string): DevState | undefined {
  const state = readState(join(folder, DATA_FOLDER_NAME, STATE_FILE_NAME));
  if (state && isSameProcess(state.owner)) return state;
  const parent = dirname(folder);
  return parent === folder ? undefined : findRunningState(parent);
}
