import type { DeadLetterActionRequest } from "../../../contracts/api-commands.ts";
import { endedDeadLetterAction } from "../../../shared/api-client/ended-action.ts";
import { bulkText, filterOf } from "../bulk-actions.ts";
import { filterOption } from "../command-options.ts";
import { type CliContext, type OutputFormat, show } from "../context.ts";

export const deadLetterFilter = () => filterOption("dead letters", "reason:OUT_OF_TRIES type:hash timeout");

/** Replays or drops every matching dead letter, or only counts them in a dry run, and prints the result. */
export async function actOnMany(
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
