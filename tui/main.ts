import { runCommandLine } from "./cli/run-command-line.ts";

// Not awaited, because a service running in this process outlives the command that started it.
void runCommandLine(process.argv.slice(2));
