import type { Command } from "@commander-js/extra-typings";
import type { DeadLetterPage } from "../../../contracts/api-queries.ts";
import type { DeadLetter } from "../../../contracts/dead-letter.ts";
import { shortId } from "../../../shared/format.ts";
import { sanitize } from "../../text.ts";
import { cleanLines } from "../clean-text.ts";
import { describe, limitOption, outputOption } from "../command-options.ts";
import { type CliContext, show } from "../context.ts";
import { findDeadLetterId } from "../find-id.ts";
import type { Style } from "../style.ts";
import { facts, table } from "../table.ts";
import { age } from "../words.ts";
import { deadLetterFilter } from "./act-on-many.ts";
import { addDrop } from "./drop.ts";
import { addReplay } from "./replay.ts";

export function addDeadLetters(program: Command, context: CliContext): void {
  const parent = describe(
    program.command("dead-letters"),
    "List, show, replay and drop dead letters: refused messages and jobs that ran out of tries",
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
    .addOption(deadLetterFilter())
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
    .argument("<id>", "the dead letter's id, or at least 4 consecutive digits of it")
    .addOption(outputOption())
    .action(async (text, { output }) => {
      const { client, signal } = context;
      const id = await findDeadLetterId(client, text, signal);
      const letter = await client.readModel.deadLetter({ params: { id } }, { signal });
      show(context, output, letter, deadLetterText);
    });
}

export function deadLettersText({ items, nextCursor }: DeadLetterPage, style: Style): string {
  if (items.length === 0) return "No dead letters. `odd-dashboard submit fail` creates one.";
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
