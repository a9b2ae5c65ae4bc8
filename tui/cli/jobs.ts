import type { Command } from "@commander-js/extra-typings";
import type { JobPage } from "../../contracts/api-queries.ts";
import type { Job } from "../../contracts/job.ts";
import { duration, shortId } from "../../shared/format.ts";
import { shownTries } from "../../shared/shown-tries.ts";
import { sanitize } from "../text.ts";
import { describe, filterOption, limitOption, outputOption } from "./command-options.ts";
import { type CliContext, show } from "./context.ts";
import type { Style } from "./style.ts";
import { table } from "./table.ts";
import { age, status } from "./words.ts";

export function addJobs(program: Command, context: CliContext): void {
  describe(
    program.command("jobs"),
    "List jobs, newest first",
    "jobs --filter 'status:failed type:hash'",
    "jobs --limit 500 --output json",
  )
    .addOption(filterOption())
    .addOption(limitOption(20))
    .addOption(outputOption())
    .action(async ({ filter, limit, output }) => {
      const query = { filter, limit };
      const page = await context.client.readModel.listJobs({ query }, { signal: context.signal });
      show(context, output, page, jobsText);
    });
}

export function jobsText({ items, nextCursor }: JobPage, style: Style): string {
  if (items.length === 0) return "No jobs match. `odd-dashboard submit TYPE` submits one.";
  const text = table(
    [
      { title: "ID" },
      { title: "TYPE" },
      { title: "STATUS" },
      { title: "TRY", align: "right" },
      { title: "AGE", align: "right" },
      { title: "TOOK", align: "right" },
      { title: "WHY" },
    ],
    items.map((job) => [
      shortId(job.id),
      sanitize(job.type),
      status(job.status, style),
      shownTries(job),
      age(job.createdAt, style),
      duration(job.durationMs),
      why(job),
    ]),
    style,
  );
  return nextCursor ? `${text}\n${style.paint.dim("There are more; --limit shows up to 500")}` : text;
}

const why = ({ error }: Job) => (error ? sanitize(`${error.code}: ${error.message}`) : "");
