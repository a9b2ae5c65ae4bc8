import type { Command } from "@commander-js/extra-typings";
import type { ActionRequest } from "../../contracts/api-commands.ts";
import { ApiError } from "../../shared/api-client/api-error.ts";
import { endedAction } from "../../shared/api-client/ended-action.ts";
import { shortId } from "../../shared/format.ts";
import { sanitize } from "../text.ts";
import { bulkText, filterOf, mustSelect } from "./bulk.ts";
import { describe, filterOption, outputOption } from "./command.ts";
import { type CliContext, show } from "./context.ts";
import { failureOf } from "./failure.ts";
import { findJobId } from "./find-id.ts";
import type { ActionReport, ActionResult } from "./outputs.ts";
import type { Style } from "./style.ts";
import { status } from "./words.ts";

type Action = ActionRequest["action"];

export function addRetry(program: Command, context: CliContext): void {
  addAction(program, context, "retry", "Run failed or cancelled jobs again; their old attempts are kept");
}

export function addCancel(program: Command, context: CliContext): void {
  addAction(program, context, "cancel", "Cancel jobs, before or while they run");
}

function addAction(program: Command, context: CliContext, action: Action, description: string): void {
  const example = action === "retry" ? "status:failed type:hash" : "status:scheduled";
  describe(
    program.command(action),
    `${description}. With --filter only counts what it would change, unless --yes is given`,
    `${action} 5f50dfcb 9c41e7b2`,
    `${action} --filter '${example}'`,
    `${action} --filter '${example}' --yes`,
  )
    .argument("[ids...]", "ids of jobs, or any part of each of at least 4 digits")
    .addOption(filterOption())
    .option("--all", "every job, where the filter is empty")
    .option("-y, --yes", "do it to every job that matches the filter")
    .addOption(outputOption())
    .action(async (ids, { filter, all, yes, output }) => {
      mustSelect(action, ids, filter, all);
      if (ids.length === 0) {
        const { client, signal } = context;
        const body = { action, filter: filterOf(filter), all, dryRun: !yes };
        const begun = await client.gateway.actOnJobs({ body }, { signal });
        // Only the first reply has the note.
        const ended = {
          ...(await endedAction(client, begun, signal)),
          ...(begun.note && { note: begun.note }),
        };
        return show(context, output, ended, bulkText);
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
      // One refusal does not prevent the others; a system that is down would refuse them all.
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
      const state = status(result.status, style) + (result.cancelRequested ? ", is being stopped" : "");
      const note = result.note && `\n${style.paint.yellow(sanitize(result.note))}`;
      return `${id}  ${state}${note ?? ""}`;
    })
    .join("\n");
}
