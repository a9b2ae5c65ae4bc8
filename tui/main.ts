import { runCommandLine } from "./cli/run-command-line.ts";

// Not awaited: a service that runs as a part of this program outlives the command that started it.
void runCommandLine(process.argv.slice(2));
