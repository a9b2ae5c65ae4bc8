import type { Command } from "@commander-js/extra-typings";
import type { Retention } from "../../contracts/api-queries.ts";
import { count, duration } from "../../shared/format.ts";
import { sanitize } from "../text.ts";
import { describe, outputOption } from "./command-options.ts";
import { type CliContext, show } from "./context.ts";
import type { Style } from "./style.ts";
import { table } from "./table.ts";

const HOUR_MS = 3_600_000;

export function addRetention(program: Command, context: CliContext): void {
  describe(
    program.command("retention"),
    "Show how long jobs, dead letters and events are kept, and how many were deleted",
    "retention",
  )
    .addOption(outputOption())
    .action(async ({ output }) => {
      const reply = await context.client.readModel.retention({}, { signal: context.signal });
      show(context, output, reply, retentionText);
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
  const since = remembered.since === null ? "" : ` (the oldest deleted at ${remembered.since})`;
  const known = `${count(remembered.jobs)} deleted jobs are still on record${since}; a query for one returns 410`;
  return [kept, ...waiting, known].join("\n\n");
}
