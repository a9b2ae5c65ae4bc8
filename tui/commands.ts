import type { JobRequest } from "../contracts/api-commands.ts";
import type { DeadLetterFilter, JobFilter } from "../contracts/filter-schema.ts";
import { count } from "../shared/format.ts";

/** A change to the system that the user has confirmed. */
export type Command =
  | { readonly kind: "retry" | "cancel"; readonly ids: readonly string[] }
  | { readonly kind: "retry-all" | "cancel-all"; readonly filter: JobFilter }
  | { readonly kind: "replay" | "drop"; readonly ids: readonly string[] }
  | { readonly kind: "replay-all" | "drop-all"; readonly filter: DeadLetterFilter }
  | { readonly kind: "replay-edited"; readonly id: string; readonly payload: Record<string, unknown> }
  | { readonly kind: "pause" | "resume"; readonly type: string }
  | { readonly kind: "submit"; readonly request: JobRequest; readonly count: number };

/** A command that acts on every match of a filter. */
export type BulkCommand = Extract<Command, { filter: unknown }>;

/** The result of a command. */
export interface Outcome {
  readonly changed: number;
  readonly refused: number;
  /** The reason for the first refusal. */
  readonly reason?: string;
  /** Why the command has no effect yet, for example because no worker runs the type. */
  readonly note?: string;
  /** The id of the job that the command created, if any. */
  readonly jobId?: string;
}

const DONE: Readonly<Record<Command["kind"], string>> = {
  retry: "Retried",
  "retry-all": "Retried",
  cancel: "Cancelled",
  "cancel-all": "Cancelled",
  replay: "Replayed",
  "replay-all": "Replayed",
  "replay-edited": "Resubmitted",
  drop: "Dropped",
  "drop-all": "Dropped",
  pause: "Paused",
  resume: "Resumed",
  submit: "Submitted",
};

/** Names what a command acts on, such as `2 jobs` or `queue hash`. */
export function subjectOf(command: Command, changed: number): string {
  switch (command.kind) {
    case "pause":
    case "resume":
      return `queue ${command.type}`;
    case "replay":
    case "replay-all":
    case "drop":
    case "drop-all":
      return plural(changed, "dead letter");
    case "submit":
      return `${plural(changed, "job")} of type ${command.request.type}`;
    default:
      return plural(changed, "job");
  }
}

/** Describes what a command did. */
export function outcomeText(command: Command, { changed, refused, reason, note }: Outcome): string {
  const done = `${DONE[command.kind]} ${subjectOf(command, changed)}`;
  const hint = note ? `. ${note}` : "";
  if (refused === 0) return done + hint;
  const failed = `${count(refused)} refused: ${reason ?? "no reason is known"}`;
  return changed === 0 ? capitalised(failed) : `${done}, ${failed}${hint}`;
}

export function plural(number: number, noun: string): string {
  return `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
}

const capitalised = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
