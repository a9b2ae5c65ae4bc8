import type { Command } from "@commander-js/extra-typings";
import type { ActionRequest } from "../../contracts/api-commands.ts";
import { ApiError } from "../../shared/api-client/api-error.ts";
import { shortId } from "../../shared/format.ts";
import { sanitize } from "../text.ts";
import { bulkText, endedWithNote, filterOf, mustSelect } from "./bulk-actions.ts";
import { describe, filterOption, outputOption } from "./command-options.ts";
import { type CliContext, show } from "./context.ts";
import { failureOf } from "./failure.ts";
import { findJobId } from "./find-id.ts";
import type { ActionReport, ActionResult } from "./outputs.ts";
import type { Style } from "./style.ts";
import { status } from "./words.ts";

type Action = ActionRequest["action"];

/** Adds a command that acts on jobs named by id or matched by a filter. */
export function addJobAction(
  program: Command,
  context: CliContext,
  action: Action,
  description: string,
): void {
  const example = action === "retry" ? "status:failed type:hash" : "status:scheduled";
  describe(
    program.command(action),
    `${description}. With --filter but without --yes, only count the jobs`,
    `${action} 5f50dfcb 9c41e7b2`,
    `${action} --filter '${example}'`,
    `${action} --filter '${example}' --yes`,
  )
    .argument("[ids...]", "job ids, or at least 4 consecutive digits of each")
    .addOption(filterOption())
    .option("--all", "with an empty filter: every job")
    .option("-y, --yes", "change every job that matches the filter")
    .addOption(outputOption())
    .action(async (ids, { filter, all, yes, output }) => {
      mustSelect(action, ids, filter, all);
      if (ids.length === 0) {
        const body = { action, filter: filterOf(filter), all, dryRun: !yes };
        const begun = await context.client.gateway.actOnJobs({ body }, { signal: context.signal });
        return show(context, output, await endedWithNote(context, begun), bulkText);
      }
      const results = await actOnEach(context, action, ids);
      if (results.some((result) => "error" in result)) context.exitCode = 1;
      show(context, output, { action, results }, resultsText);
    });
}

async function actOnEach(
  context: CliContext,
  action: Action,
  texts: readonly string[],
): Promise<ActionResult[]> {
  const { client, signal } = context;
  const call = action === "retry" ? client.gateway.retryJob : client.gateway.cancelJob;
  const results: ActionResult[] = [];
  for (const text of texts) {
    const id = await findJobId(client, text, signal);
    try {
      results.push(await call({ params: { id } }, { signal }));
    } catch (error) {
      // A refused request must not stop the others. A retryable error ends the loop: the system is down or overloaded, and
      // the others would probably fail too.
      if (texts.length === 1 || !(error instanceof ApiError) || error.retryable) throw error;
      results.push({ jobId: id, ...failureOf(error).failure });
    }
  }
  return results;
}

export function resultsText({ results }: ActionReport, style: Style): string {
  return results
    .map((result) => {
      const id = shortId(result.jobId);
      if ("error" in result) return `${id}  ${style.paint.red(result.error.message)}`;
      const state = status(result.status, style) + (result.cancelRequested ? ", being stopped" : "");
      const note = result.note && `\n${style.paint.yellow(sanitize(result.note))}`;
      return `${id}  ${state}${note ?? ""}`;
    })
    .join("\n");
}
