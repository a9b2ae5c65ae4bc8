import type { Command } from "@commander-js/extra-typings";
import { addJobAction } from "./act-on-jobs.ts";
import type { CliContext } from "./context.ts";

export function addCancel(program: Command, context: CliContext): void {
  addJobAction(program, context, "cancel", "Cancel jobs, before or while they run");
}
