import { type Command, Option } from "@commander-js/extra-typings";
import type { Delta, EventPage } from "../../contracts/api-queries.ts";
import { EVENT_TYPES } from "../../contracts/events.ts";
import { shortId } from "../../shared/format.ts";
import { sanitize } from "../text.ts";
import { safeJson } from "./clean-text.ts";
import { describe, limitOption, outputOption } from "./command-options.ts";
import { type CliContext, type OutputFormat, show } from "./context.ts";
import { findJobId } from "./find-id.ts";
import type { Style } from "./style.ts";
import { table } from "./table.ts";
import { status } from "./words.ts";

export function addEvents(program: Command, context: CliContext): void {
  describe(
    program.command("events"),
    "List stored events, newest first, or the events of one job in order; --follow prints new events live",
    "events --job 5f50dfcb",
    "events --follow --output json | jq .jobId",
  )
    .option("-j, --job <id>", "only events of this job")
    .addOption(new Option("-e, --event <type>", "only events of this type").choices(EVENT_TYPES))
    .option("-f, --follow", "print each new event until Ctrl-C; as JSON, one object per line")
    .addOption(limitOption(20))
    .addOption(outputOption())
    .action(async ({ job, event, follow, limit, output }) => {
      const { client, signal } = context;
      const jobId = job === undefined ? undefined : await findJobId(client, job, signal);
      if (follow)
        return followEvents(
          context,
          output,
          (delta) => (!jobId || delta.jobId === jobId) && (!event || delta.event === event),
        );
      const page = await client.readModel.listEvents(
        { query: { jobId, eventType: event, limit } },
        { signal },
      );
      show(context, output, page, eventsText);
    });
}

async function followEvents(
  context: CliContext,
  output: OutputFormat,
  isWanted: (delta: Delta) => boolean,
): Promise<void> {
  for await (const update of context.client.follow({ signal: context.signal })) {
    if (update.kind === "disconnected")
      context.note(`${update.error.detail}; reconnecting in ${Math.ceil(update.retryInMs / 1_000)} s`);
    if (update.kind === "connected" && !update.resumed) context.note("Following new events");
    if (update.kind !== "deltas") continue;
    if (update.dropped > 0)
      context.note(`${update.dropped} events were skipped because more arrived than could be sent`);
    for (const delta of update.deltas.filter(isWanted))
      context.line(output === "json" ? safeJson(delta) : deltaText(delta, context.style));
  }
}

function deltaText({ at, event, jobId, type, status: now, attempt }: Delta, style: Style): string {
  const time = new Date(at).toISOString().slice(11, 23);
  return [
    style.paint.dim(time),
    event.padEnd(14),
    shortId(jobId),
    sanitize(type).padEnd(10),
    `${now ? status(now, style) : ""}${attempt > 1 ? `, try ${attempt}` : ""}`,
  ].join("  ");
}

export function eventsText({ items, nextCursor }: EventPage, style: Style): string {
  if (items.length === 0) return "No events match.";
  const text = table(
    [{ title: "AT" }, { title: "EVENT" }, { title: "JOB" }, { title: "BY" }, { title: "ID" }],
    items.map(({ occurredAt, eventType, eventId, producer, payload }) => [
      occurredAt,
      eventType,
      typeof payload.jobId === "string" ? sanitize(shortId(payload.jobId)) : "–",
      sanitize(producer.service),
      eventId,
    ]),
    style,
  );
  return nextCursor ? `${text}\n${style.paint.dim("There are more; --limit shows up to 500")}` : text;
}
