import type { Command } from "@commander-js/extra-typings";
import type { ReplayReply } from "../../../contracts/api-commands.ts";
import { shortId } from "../../../shared/format.ts";
import { mustSelect } from "../bulk-actions.ts";
import { describe, outputOption } from "../command-options.ts";
import { type CliContext, show } from "../context.ts";
import { CliError } from "../failure.ts";
import { findDeadLetterId } from "../find-id.ts";
import type { ReplayReport } from "../outputs.ts";
import { readObject, readText } from "../read-json.ts";
import { actOnMany, deadLetterFilter } from "./act-on-many.ts";

export function addReplay(parent: Command, context: CliContext): void {
  describe(
    parent.command("replay"),
    "Replay dead letters unchanged, or replay one with changes; with --filter but without --yes, only count them",
    "dead-letters replay 5f50dfcb",
    "dead-letters replay 5f50dfcb --payload '{\"ms\":100}'",
    "dead-letters replay --filter 'reason:OUT_OF_TRIES type:hash' --yes",
  )
    .argument("[ids...]", "ids, or at least 4 consecutive digits of each")
    .option("-p, --payload <json>", "for a job: the new payload, as JSON, @FILE or @- for stdin")
    .option("--body <text>", "for a message: the new text, or @FILE, or @- for stdin")
    .addOption(deadLetterFilter())
    .option("--all", "with an empty filter: every dead letter")
    .option("-y, --yes", "replay every dead letter that matches the filter")
    .addOption(outputOption())
    .action(async (texts, { payload, body, filter, all, yes, output }) => {
      const { client, signal } = context;
      mustSelect("dead-letters replay", texts, filter, all);
      const isEdited = payload !== undefined || body !== undefined;
      if (isEdited && texts.length !== 1)
        throw new CliError(
          2,
          "--payload and --body change one dead letter at a time",
          "Pass exactly one id with them",
        );
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

export const replayText = ({ results }: ReplayReport) =>
  results
    .map(({ deadLetterId, jobId }) => `${shortId(deadLetterId)} replayed${jobId ? ` as job ${jobId}` : ""}`)
    .join("\n");
