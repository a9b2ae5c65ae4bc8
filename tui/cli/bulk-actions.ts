import type { ActionReply, DeadLetterActionReply } from "../../contracts/api-commands.ts";
import { statusNamed, statusWord } from "../../contracts/status-words.ts";
import { endedAction } from "../../shared/api-client/ended-action.ts";
import { count } from "../../shared/format.ts";
import { sanitize } from "../text.ts";
import type { CliContext } from "./context.ts";
import { CliError } from "./failure.ts";

const DONE = {
  retry: "retried",
  cancel: "cancelled",
  purge: "deleted",
  replay: "replayed",
  drop: "dropped",
} as const;

/** Throws unless the user passed either ids or a filter. An empty filter is an easy mistake, so it also needs --all. */
export function mustSelect(
  verb: string,
  ids: readonly string[],
  filter: string | undefined,
  all: boolean | undefined,
): void {
  const isMany = filter !== undefined || all === true;
  if (ids.length > 0 === isMany)
    throw new CliError(
      2,
      `${verb} takes ids or a filter, got ${isMany ? "both" : "neither"}`,
      `Name ids, as in \`odd-dashboard ${verb} 5f50dfcb\`, or pass --filter`,
    );
  mustNotBeEmpty(verb, filter, all);
}

/** Throws unless the user passed a filter. An empty filter also needs --all. */
export function mustSelectMany(verb: string, filter: string | undefined, all: boolean | undefined): void {
  if (filter === undefined && !all)
    throw new CliError(2, `${verb} takes a filter`, `Pass --filter, as in \`odd-dashboard help ${verb}\``);
  mustNotBeEmpty(verb, filter, all);
}

function mustNotBeEmpty(verb: string, filter: string | undefined, all: boolean | undefined): void {
  if (filter?.trim() !== "" || all) return;
  throw new CliError(
    2,
    "The filter is empty, and an empty filter needs --all",
    `Run \`odd-dashboard ${verb} --all\` to count the matches first`,
  );
}

/** Returns the filter as the API expects it: an empty object instead of empty text. */
export const filterOf = (text: string | undefined) => (text?.trim() ? text : {});

/** Waits until a bulk action has ended. Returns its last reply with the note, which only the first reply carries. */
export async function endedWithNote(
  { client, signal }: CliContext,
  begun: ActionReply,
): Promise<ActionReply> {
  const ended = await endedAction(client, begun, signal);
  return begun.note ? { ...ended, note: begun.note } : ended;
}

/** Describes what a bulk action did. For a dry run, describes what it would do, by type and by status or reason. */
export function bulkText(reply: ActionReply | DeadLetterActionReply): string {
  const { action, dryRun, matched, changed, state, reason = "", byType = {} } = reply;
  const note = "note" in reply && reply.note && matched > 0 ? `\n${sanitize(reply.note)}` : "";
  const thing = "byReason" in reply || action === "replay" || action === "drop" ? "dead letter" : "job";
  const things = (number: number) => `${count(number)} ${thing}${number === 1 ? "" : "s"}`;
  const done = DONE[action];
  if (!dryRun) {
    const failed = state === "failed" ? `, then failed: ${sanitize(reason)}` : "";
    const stopped = state === "cancelled" ? ", then was stopped" : failed;
    const matching = `${count(matched)} matching ${thing}${matched === 1 ? "" : "s"}`;
    return `${done.charAt(0).toUpperCase()}${done.slice(1)} ${count(changed)} of ${matching}${stopped}${note}`;
  }
  const byState = "byStatus" in reply ? reply.byStatus : "byReason" in reply ? reply.byReason : {};
  const parts = [byType, byState ?? {}].map(listed).filter(Boolean);
  const detail = parts.length > 0 && matched > 0 ? ` (${parts.join("; ")})` : "";
  return `${things(matched)} would be ${done}${detail}${matched > 0 ? "; add --yes to do it" : ""}${note}`;
}

const listed = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts)
    .map(([name, number]) => `${count(number)} ${wordOf(name)}`)
    .join(", ");

function wordOf(name: string): string {
  const status = statusNamed(name);
  return status ? statusWord(status) : sanitize(name);
}
