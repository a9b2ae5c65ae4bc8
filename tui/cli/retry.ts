import type { Command } from "@commander-js/extra-typings";
import { addJobAction } from "./act-on-jobs.ts";
import type { CliContext } from "./context.ts";

export function addRetry(program: Command, context: CliContext): void {
  addJobAction(program, context, "retry", "Run failed or cancelled jobs again; their old attempts are kept");
}
