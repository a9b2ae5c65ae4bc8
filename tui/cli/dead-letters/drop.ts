import type { Command } from "@commander-js/extra-typings";
import { mustSelect } from "../bulk-actions.ts";
import { describe, outputOption } from "../command-options.ts";
import { type CliContext, show } from "../context.ts";
import { findDeadLetterId } from "../find-id.ts";
import type { DropReport } from "../outputs.ts";
import { actOnMany, deadLetterFilter } from "./act-on-many.ts";

export function addDrop(parent: Command, context: CliContext): void {
  describe(
    parent.command("drop"),
    "Permanently drop dead letters; without --yes, only count them",
    "dead-letters drop 5f50dfcb --yes",
    "dead-letters drop --filter 'diedBefore:7d' --yes",
  )
    .argument("[ids...]", "ids, or at least 4 consecutive digits of each")
    .addOption(deadLetterFilter())
    .option("--all", "with an empty filter: every dead letter")
    .option("-y, --yes", "drop them")
    .addOption(outputOption())
    .action(async (texts, { filter, all, yes, output }) => {
      const { client, signal } = context;
      mustSelect("dead-letters drop", texts, filter, all);
      if (texts.length === 0)
        return actOnMany(context, output, { action: "drop", filter, all, dryRun: !yes });
      const ids: string[] = [];
      for (const text of texts) ids.push(await findDeadLetterId(client, text, signal));
      if (yes) for (const id of ids) await client.gateway.dropDeadLetter({ params: { id } }, { signal });
      show(context, output, { dryRun: !yes, dropped: ids }, dropText);
    });
}

export function dropText({ dryRun, dropped }: DropReport): string {
  const what = `${dropped.length} dead ${dropped.length === 1 ? "letter" : "letters"}`;
  return dryRun ? `${what} would be dropped; add --yes to do it` : `Dropped ${what}`;
}
