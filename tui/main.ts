import { runCommandLine } from "./cli/run-command-line.ts";

// Not awaited: a command that starts a service returns while the service keeps running in this process.
void runCommandLine(process.argv.slice(2));
