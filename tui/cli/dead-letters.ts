import type { Command } from "@commander-js/extra-typings";
import type { ReplayReply } from "../../contracts/api-commands.ts";
import type { DeadLetterPage } from "../../contracts/api-queries.ts";
import type { DeadLetter } from "../../contracts/dead-letter.ts";
import { shortId } from "../../shared/format.ts";
import { sanitize } from "../text.ts";
import { cleanLines } from "./clean-text.ts";
import { describe, filterOption, limitOption, outputOption } from "./command.ts";
import { type CliContext, show } from "./context.ts";
import { CliError } from "./failure.ts";
import { findDeadLetterId } from "./find-id.ts";
import type { DropReport, ReplayReport } from "./outputs.ts";
import { readObject, readText } from "./read-json.ts";
import type { Style } from "./style.ts";
import { facts, table } from "./table.ts";
import { age } from "./words.ts";

export function addDeadLetters(program: Command, context: CliContext): void {
  const parent = describe(
    program.command("dead-letters"),
    "List, show, replay and drop jobs out of tries and messages that were refused",
    "dead-letters list",
    "dead-letters replay 5f50dfcb",
  );
  addList(parent, context);
  addShow(parent, context);
  addReplay(parent, context);
  addDrop(parent, context);
}

function addList(parent: Command, context: CliContext): void {
  describe(
    parent.command("list", { isDefault: true }),
    "List dead letters, newest first",
    "dead-letters list --filter 'type:hash diedAfter:1h'",
  )
    .addOption(filterOption("dead letters", "reason:OUT_OF_TRIES type:hash timeout"))
    .addOption(limitOption(20))
    .addOption(outputOption())
    .action(async ({ filter, limit, output }) => {
      const page = await context.client.readModel.listDeadLetters(
        { query: { filter, limit } },
        { signal: context.signal },
      );
      show(context, output, page, deadLettersText);
    });
}

function addShow(parent: Command, context: CliContext): void {
  describe(
    parent.command("show"),
    "Show one dead letter with its original message",
    "dead-letters show 5f50dfcb",
  )
    .argument("<id>", "its id, or any part of it of at least 4 digits")
    .addOption(outputOption())
    .action(async (text, { output }) => {
      const { client, signal } = context;
      const id = await findDeadLetterId(client, text, signal);
      const letter = await client.readModel.deadLetter({ params: { id } }, { signal });
      show(context, output, letter, deadLetterText);
    });
}

function addReplay(parent: Command, context: CliContext): void {
  describe(
    parent.command("replay"),
    "Run dead letters again as they were; a single one also edited",
    "dead-letters replay 5f50dfcb",
    "dead-letters replay 5f50dfcb --payload '{\"ms\":100}'",
    "dead-letters replay 5f50dfcb --body @message.json",
  )
    .argument("<ids...>", "ids, or any part of each of at least 4 digits")
    .option("-p, --payload <json>", "for a job: another payload, as JSON, @FILE or @- for stdin")
    .option("--body <text>", "for a message: another text, or @FILE, or @- for stdin")
    .addOption(outputOption())
    .action(async (texts, { payload, body, output }) => {
      const { client, signal } = context;
      const isEdited = payload !== undefined || body !== undefined;
      if (isEdited && texts.length > 1)
        throw new CliError(2, `An edit was given for ${texts.length} dead letters`, "Edit one at a time");
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

function addDrop(parent: Command, context: CliContext): void {
  describe(
    parent.command("drop"),
    "Drop dead letters for good; only says what it would drop, unless --yes is given",
    "dead-letters drop 5f50dfcb --yes",
  )
    .argument("<ids...>", "ids, or any part of each of at least 4 digits")
    .option("-y, --yes", "drop them")
    .addOption(outputOption())
    .action(async (texts, { yes, output }) => {
      const { client, signal } = context;
      const ids: string[] = [];
      for (const text of texts) ids.push(await findDeadLetterId(client, text, signal));
      if (yes) for (const id of ids) await client.gateway.dropDeadLetter({ params: { id } }, { signal });
      show(context, output, { dryRun: !yes, dropped: ids }, dropText);
    });
}

export function deadLettersText({ items, nextCursor }: DeadLetterPage, style: Style): string {
  if (items.length === 0) return "No dead letters. `odd-dashboard submit fail` makes one.";
  const text = table(
    [
      { title: "ID" },
      { title: "AGE", align: "right" },
      { title: "KIND" },
      { title: "REASON" },
      { title: "DETAIL" },
    ],
    items.map(({ id, diedAt, kind, reason, detail, replays }) => [
      shortId(id),
      age(diedAt, style),
      replays > 0 ? `${kind}, replayed` : kind,
      reason,
      sanitize(detail),
    ]),
    style,
  );
  return nextCursor ? `${text}\n${style.paint.dim("There are more; --limit shows up to 500")}` : text;
}

export function deadLetterText(letter: DeadLetter, style: Style): string {
  const head = facts(
    [
      ["id", letter.id],
      ["kind", letter.kind],
      ["reason", style.paint.red(letter.reason)],
      ["detail", sanitize(letter.detail)],
      ["died", `${letter.diedAt} (${age(letter.diedAt, style)} ago)`],
      ["in", `${sanitize(letter.service)}, queue ${sanitize(letter.queue)}`],
      ["job", letter.jobId],
      ["event", letter.eventId],
      ["replays", letter.replays > 0 ? `${letter.replays}, newest ${letter.replayedAt}` : "none"],
      ["became", letter.replayedAs],
    ],
    style,
  );
  return `${head}\n\n${style.paint.bold("message")}\n${cleanLines(letter.body)}`;
}

const replayText = ({ results }: ReplayReport) =>
  results
    .map(({ deadLetterId, jobId }) => `${shortId(deadLetterId)} replayed${jobId ? ` as job ${jobId}` : ""}`)
    .join("\n");

function dropText({ dryRun, dropped }: DropReport): string {
  const what = `${dropped.length} dead ${dropped.length === 1 ? "letter" : "letters"}`;
  return dryRun ? `${what} would be dropped; add --yes to do it` : `Dropped ${what}`;
}
