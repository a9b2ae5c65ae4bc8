import { findProgram } from "../../engines/locate.ts";

/** How to install a program: its name in each package manager that has it, and its installation page. */
export interface Package {
  readonly apt?: string;
  readonly brew?: string;
  readonly winget?: string;
  readonly page: string;
}

/** Returns the command that installs a program on this system, or the URL of its installation page. */
export function installCommand({ apt, brew, winget, page }: Package, platform = process.platform): string {
  if (platform === "win32" && winget) return `winget install ${winget}`;
  if (brew && (platform === "darwin" || (!apt && findProgram("brew")))) return `brew install ${brew}`;
  if (platform === "linux" && apt && findProgram("apt-get")) {
    const sudo = process.getuid?.() === 0 ? "" : "sudo ";
    return `${sudo}apt-get update && ${sudo}apt-get install -y ${apt}`;
  }
  return `Install it as ${page} describes`;
}
