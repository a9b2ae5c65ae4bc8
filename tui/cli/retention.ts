import { type Command, Option } from "@commander-js/extra-typings";
import type { Retention } from "../../contracts/api-queries.ts";
import { endedAction } from "../../shared/api-client/ended-action.ts";
import { count, duration } from "../../shared/format.ts";
import { sanitize } from "../text.ts";
import { bulkText, filterOf, mustSelectMany } from "./bulk.ts";
import { describe, filterOption, outputOption } from "./command.ts";
import { type CliContext, show } from "./context.ts";
import type { Style } from "./style.ts";
import { table } from "./table.ts";

const HOUR_MS = 3_600_000;

export function addRetention(program: Command, context: CliContext): void {
  describe(
    program.command("retention"),
    "Show how long jobs, dead letters and events are kept, and what has been deleted",
    "retention",
  )
    .addOption(outputOption())
    .action(async ({ output }) => {
      const reply = await context.client.readModel.retention({}, { signal: context.signal });
      show(context, output, reply, retentionText);
    });
}

export function addPurge(program: Command, context: CliContext): void {
  const example = "status:completed finishedBefore:1h";
  describe(
    program.command("purge"),
    "Delete jobs that have ended, for good; only counts what it would delete, unless --yes is given",
    `purge --filter '${example}'`,
    `purge --filter '${example}' --yes`,
  )
    .addOption(filterOption("jobs", example))
    .option("--all", "every job that has ended, where the filter is empty")
    .addOption(new Option("--dry-run", "only count, as without --yes").conflicts("yes"))
    .option("-y, --yes", "delete every job that matches the filter")
    .addOption(outputOption())
    .action(async ({ filter, all, yes, output }) => {
      mustSelectMany("purge", filter, all);
      const { client, signal } = context;
      const body = { filter: filterOf(filter), all, dryRun: !yes };
      const begun = await client.gateway.purgeJobs({ body }, { signal });
      // Only the first reply has the note.
      const ended = {
        ...(await endedAction(client, begun, signal)),
        ...(begun.note && { note: begun.note }),
      };
      show(context, output, ended, bulkText);
    });
}

export function retentionText({ rules, remembered }: Retention, style: Style): string {
  const kept = table(
    [
      { title: "WHAT" },
      { title: "KEPT FOR", align: "right" },
      { title: "DELETED", align: "right" },
      { title: "SETTING" },
    ],
    rules.map(({ what, keepHours, pruned, setting }) => [
      what,
      duration(keepHours * HOUR_MS),
      pruned === undefined ? "" : count(pruned),
      sanitize(setting),
    ]),
    style,
  );
  const waiting = rules.flatMap(({ what, waiting }) =>
    waiting ? [style.paint.yellow(`${what}: ${sanitize(waiting)}`)] : [],
  );
  const since = remembered.since === null ? "" : `, deleted since ${remembered.since}`;
  return [kept, ...waiting, `${count(remembered.jobs)} deleted jobs still answer 410${since}`].join("\n\n");
}
