import { findRunning } from "../../shared/api-client/addresses.ts";
import type { DevState } from "../../shared/dev-state.ts";
import { projectDir } from "./place.ts";
import type { Printer } from "./printer.ts";
import { type AddressRow, formatTable } from "./table.ts";

/** Prints the table of URLs and the next steps. */
export function greet(
  printer: Printer,
  rows: readonly AddressRow[],
  gatewayUrl: string,
  readModelUrl: string,
  pageUrl: string | undefined,
): void {
  const { paint } = printer;
  printer.line();
  printer.line(formatTable(rows, printer.width, paint));
  printer.line();
  if (pageUrl) printer.line(`See it in the browser: ${pageUrl}`);
  printer.line("See it in a terminal, or start with --tui:");
  printer.line(`  ${terminalCommand(gatewayUrl, readModelUrl, process.cwd())}`);
  printer.line("Submit a job, then look it up by the jobId in the reply:");
  printer.line(`  curl ${gatewayUrl}/jobs -H content-type:application/json \\`);
  printer.line(`    -d '{"type":"hash","payload":{"text":"hello","rounds":1000}}'`);
  printer.line(`  curl ${readModelUrl}/jobs/JOB_ID`);
  printer.line("Ctrl-C stops everything.");
}

/**
 * Returns the command that opens the terminal UI on these services. It omits their URLs if they were started in
 * `folder`, because the terminal UI finds them there itself.
 */
export function terminalCommand(gatewayUrl: string, readModelUrl: string, folder: string): string {
  const command = projectDir ? "bun run odd-dashboard" : "odd-dashboard";
  const found = findRunning(folder);
  if (found?.gateway === gatewayUrl && found["read-model"] === readModelUrl) return command;
  return `READ_MODEL_URL=${readModelUrl} GATEWAY_URL=${gatewayUrl} ${command}`;
}

/** Tells a user who starts a second system in the same folder which system is already running there. */
export function sayWhatRuns(printer: Printer, state: DevState): void {
  const { owner, since, addresses } = state;
  const where = addresses.length > 0 ? "" : "; it is still starting, or already stopping";
  printer.line(`The observatory is already running here: process ${owner.pid}, since ${since}${where}`);
  if (addresses.length > 0) printer.line(`\n${formatTable(addresses, printer.width, printer.paint)}\n`);
  printer.line(`Stop it with Ctrl-C where it runs, or: kill ${owner.pid}`);
}
