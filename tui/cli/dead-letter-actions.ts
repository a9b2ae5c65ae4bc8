import type { Command } from "@commander-js/extra-typings";
import type { DeadLetterActionRequest, ReplayReply } from "../../contracts/api-commands.ts";
import { endedDeadLetterAction } from "../../shared/api-client/ended-action.ts";
import { shortId } from "../../shared/format.ts";
import { bulkText, filterOf, mustSelect } from "./bulk.ts";
import { describe, filterOption, outputOption } from "./command.ts";
import { type CliContext, type OutputFormat, show } from "./context.ts";
import { CliError } from "./failure.ts";
import { findDeadLetterId } from "./find-id.ts";
import type { DropReport, ReplayReport } from "./outputs.ts";
import { readObject, readText } from "./read-json.ts";

export function addReplay(parent: Command, context: CliContext): void {
  describe(
    parent.command("replay"),
    "Run dead letters again as they were; a single one also edited. With --filter only counts, unless --yes is given",
    "dead-letters replay 5f50dfcb",
    "dead-letters replay 5f50dfcb --payload '{\"ms\":100}'",
    "dead-letters replay --filter 'reason:OUT_OF_TRIES type:hash' --yes",
  )
    .argument("[ids...]", "ids, or any part of each of at least 4 digits")
    .option("-p, --payload <json>", "for a job: another payload, as JSON, @FILE or @- for stdin")
    .option("--body <text>", "for a message: another text, or @FILE, or @- for stdin")
    .addOption(deadLetterFilter())
    .option("--all", "every dead letter, where the filter is empty")
    .option("-y, --yes", "replay every dead letter that matches the filter")
    .addOption(outputOption())
    .action(async (texts, { payload, body, filter, all, yes, output }) => {
      const { client, signal } = context;
      mustSelect("dead-letters replay", texts, filter, all);
      const isEdited = payload !== undefined || body !== undefined;
      if (isEdited && texts.length !== 1)
        throw new CliError(2, "An edit was passed for more than one dead letter", "Edit one at a time");
      if (texts.length === 0)
        return actOnMany(context, output, { action: "replay", filter, all, dryRun: !yes });
      const edit = isEdited
        ? {
            ...(payload !== undefined && { payload: await readObject("--payload", payload, context) }),
            ...(body !== undefined && { body: await readText("--body", body, context) }),
          }
        : undefined;
      const results: ReplayReply[] = [];
      for (const text of texts) {
        const id = await findDeadLetterId(client, text, signal);
        results.push(await client.gateway.replayDeadLetter({ params: { id }, body: edit }, { signal }));
      }
      show(context, output, { results }, replayText);
    });
}

export function addDrop(parent: Command, context: CliContext): void {
  describe(
    parent.command("drop"),
    "Drop dead letters for good; only says what it would drop, unless --yes is given",
    "dead-letters drop 5f50dfcb --yes",
    "dead-letters drop --filter 'diedBefore:7d' --yes",
  )
    .argument("[ids...]", "ids, or any part of each of at least 4 digits")
    .addOption(deadLetterFilter())
    .option("--all", "every dead letter, where the filter is empty")
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

export const deadLetterFilter = () => filterOption("dead letters", "reason:OUT_OF_TRIES type:hash timeout");

async function actOnMany(
  context: CliContext,
  output: OutputFormat,
  { filter, ...request }: Omit<DeadLetterActionRequest, "filter"> & { filter: string | undefined },
): Promise<void> {
  const { client, signal } = context;
  const begun = await client.gateway.actOnDeadLetters(
    { body: { filter: filterOf(filter), ...request } },
    { signal },
  );
  show(context, output, await endedDeadLetterAction(client, begun, signal), bulkText);
}

const replayText = ({ results }: ReplayReport) =>
  results
    .map(({ deadLetterId, jobId }) => `${shortId(deadLetterId)} replayed${jobId ? ` as job ${jobId}` : ""}`)
    .join("\n");

function dropText({ dryRun, dropped }: DropReport): string {
  const what = `${dropped.length} dead ${dropped.length === 1 ? "letter" : "letters"}`;
  return dryRun ? `${what} would be dropped; add --yes to do it` : `Dropped ${what}`;
}
