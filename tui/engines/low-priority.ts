import { findProgram } from "./locate.ts";

/** Lowers the priority of a command, where `nice` exists. */
export function lowPriority(command: string[]): string[] {
  const nice = findProgram("nice");
  return nice ? [nice, "-n", "10", ...command] : command;
}
