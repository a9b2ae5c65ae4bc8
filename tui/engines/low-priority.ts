import { findProgram } from "./locate.ts";

/** Returns the command at a lower priority if `nice` exists, otherwise unchanged. */
export function lowPriority(command: string[]): string[] {
  const nice = findProgram("nice");
  return nice ? [nice, "-n", "10", ...command] : command;
}
