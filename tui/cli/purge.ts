import { type Command, Option } from "@commander-js/extra-typings";
import { bulkText, endedWithNote, filterOf, mustSelectMany } from "./bulk-actions.ts";
import { describe, filterOption, outputOption } from "./command-options.ts";
import { type CliContext, show } from "./context.ts";

export function addPurge(program: Command, context: CliContext): void {
  const example = "status:completed finishedBefore:1h";
  describe(
    program.command("purge"),
    "Permanently delete jobs that have ended; without --yes, only count them",
    `purge --filter '${example}'`,
    `purge --filter '${example}' --yes`,
  )
    .addOption(filterOption("jobs", example))
    .option("--all", "with an empty filter: every job that has ended")
    .addOption(new Option("--dry-run", "only count the jobs; the default without --yes").conflicts("yes"))
    .option("-y, --yes", "delete every job that matches the filter")
    .addOption(outputOption())
    .action(async ({ filter, all, yes, output }) => {
      mustSelectMany("purge", filter, all);
      const body = { filter: filterOf(filter), all, dryRun: !yes };
      const begun = await context.client.gateway.purgeJobs({ body }, { signal: context.signal });
      show(context, output, await endedWithNote(context, begun), bulkText);
    });
}
