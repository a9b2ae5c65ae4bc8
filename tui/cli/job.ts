import type { Command } from "@commander-js/extra-typings";
import type { JobDetail, Timeline, TimelineEntry } from "../../contracts/api-queries.ts";
import { duration } from "../../shared/format.ts";
import { shownTries } from "../../shared/shown-tries.ts";
import { sanitize } from "../text.ts";
import { cleanLines, safeJson } from "./clean-text.ts";
import { describe, outputOption } from "./command-options.ts";
import { type CliContext, show } from "./context.ts";
import { findJobId } from "./find-id.ts";
import type { Style } from "./style.ts";
import { facts, table } from "./table.ts";
import { age, status } from "./words.ts";

const STACK_LINES = 6;

export function addJob(program: Command, context: CliContext): void {
  describe(
    program.command("job"),
    "Show one job: its status, its result or error, and every hop",
    "job 5f50dfcb",
    "job 01a21d54-7589-76a2-8f3c-05f50dfcb187 --output json",
  )
    .argument("<id>", "the job id, or at least 4 consecutive digits of it")
    .addOption(outputOption())
    .action(async (text, { output }) => {
      const { client, signal } = context;
      const params = { id: await findJobId(client, text, signal) };
      const [detail, timeline] = await Promise.all([
        client.readModel.jobDetail({ params }, { signal }),
        output === "json" ? undefined : client.readModel.jobTimeline({ params }, { signal }),
      ]);
      show(context, output, detail, (job, style) => jobText(job, timeline, style));
    });
}

export function jobText(job: JobDetail, timeline: Timeline | undefined, style: Style): string {
  const { children, error, unavailable } = job;
  const head = facts(
    [
      ["id", job.id],
      ["type", sanitize(job.type)],
      ["status", status(job.status, style)],
      ["tries", shownTries(job)],
      ["created", `${job.createdAt} (${age(job.createdAt, style)} ago)`],
      ["took", job.durationMs === undefined ? undefined : duration(job.durationMs)],
      ["waited", job.queueWaitMs === undefined ? undefined : duration(job.queueWaitMs)],
      ["worker", job.workerId && sanitize(job.workerId)],
      ["parent", job.parentId],
      ["made by", job.originKind && `${job.originKind} of ${job.originId}`],
      ["children", children.total > 0 ? `${children.total} (${counts(children.byStatus)})` : undefined],
      ["progress", progressOf(job)],
      ["trace", job.traceId],
      ["error", error && style.paint.red(sanitize(`${error.code}: ${error.message}`))],
    ],
    style,
  );
  return [
    head,
    section("payload", job.payload, style),
    section("result", job.result, style),
    stackText(job, style),
    timeline && `${style.paint.bold("timeline")}\n${timelineText(timeline.entries, style)}`,
    unavailable.length > 0 &&
      style.paint.yellow(`Incomplete, because these stores are not responding: ${unavailable.join(", ")}`),
  ]
    .filter(Boolean)
    .join("\n\n");
}

/** Returns the top of the newest failed attempt's stack: the message and the innermost frames. */
function stackText({ attempts }: JobDetail, { paint }: Style): string | undefined {
  const failed = attempts.findLast(({ error }) => error?.stack);
  if (!failed?.error?.stack) return undefined;
  const lines = cleanLines(failed.error.stack).split("\n");
  const more = lines.length - STACK_LINES;
  const shown = [
    ...lines.slice(0, STACK_LINES),
    ...(more > 0 ? [`    and ${more} more, with --output json`] : []),
  ];
  return `${paint.bold(`stack of attempt ${failed.attempt}`)}\n${shown.map(paint.dim).join("\n")}`;
}

function timelineText(entries: readonly TimelineEntry[], style: Style): string {
  return table(
    [{ title: "AFTER", align: "right" }, { title: "KIND" }, { title: "BY" }, { title: "WHAT" }],
    entries.map(({ offsetMs, kind, title, service, durationMs }) => [
      duration(offsetMs),
      kind,
      sanitize(service ?? ""),
      sanitize(title) + (durationMs === undefined ? "" : ` (${duration(durationMs)})`),
    ]),
    style,
  );
}

function section(title: string, value: unknown, { paint }: Style): string | undefined {
  if (value === undefined || (typeof value === "object" && value !== null && Object.keys(value).length === 0))
    return undefined;
  return `${paint.bold(title)}\n${cleanLines(safeJson(value, 2))}`;
}

function progressOf({ progress }: JobDetail): string | undefined {
  if (!progress) return undefined;
  return `${Math.round(progress.fraction * 100)}%${progress.note ? `, ${sanitize(progress.note)}` : ""}`;
}

const counts = (byStatus: Readonly<Record<string, number>>) =>
  Object.entries(byStatus)
    .map(([name, count]) => `${count} ${name.toLowerCase()}`)
    .join(", ");
