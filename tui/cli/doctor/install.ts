import { findProgram } from "../../engines/locate.ts";

/** How a program is installed: with a package manager that has it, otherwise as its page describes. */
export interface Package {
  readonly apt?: string;
  readonly brew?: string;
  readonly winget?: string;
  readonly page: string;
}

/** Returns the command that installs a program on this system, or where to read how. */
export function installCommand({ apt, brew, winget, page }: Package, platform = process.platform): string {
  if (platform === "win32" && winget) return `winget install ${winget}`;
  if (brew && (platform === "darwin" || (!apt && findProgram("brew")))) return `brew install ${brew}`;
  if (platform === "linux" && apt && findProgram("apt-get")) {
    const sudo = process.getuid?.() === 0 ? "" : "sudo ";
    return `${sudo}apt-get update && ${sudo}apt-get install -y ${apt}`;
  }
  return `Install it as ${page} describes`;
}
