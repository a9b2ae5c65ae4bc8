import { findProgram } from "./locate.ts";

/** The command at a priority below normal, where there is a `nice`. */
export function lowPriority(command: string[]): string[] {
  const nice = findProgram("nice");
  return nice ? [nice, "-n", "10", ...command] : command;
}
