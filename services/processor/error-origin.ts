import type { AttemptError } from "../../contracts/job.ts";
import { storableText } from "./storable-json.ts";

const MAX_TEXT = 4_096;
const MAX_HEAD = 500;
const MAX_CAUSES = 5;

/** Returns the stack of a thrown value and the stacks of its causes, each at most 4 KiB; nothing for a non-error. */
export function originOf(thrown: unknown): Pick<AttemptError, "stack" | "cause"> {
  if (!(thrown instanceof Error)) return {};
  const causes = causesOf(thrown).map(describe).join("\nCaused by ");
  return { stack: bounded(describe(thrown)), ...(causes && { cause: bounded(causes) }) };
}

/** The causes of an error, nearest first. The limit also ends a chain that contains itself. */
function causesOf(error: Error): unknown[] {
  const causes: unknown[] = [];
  for (let at: unknown = error.cause; at !== undefined && causes.length < MAX_CAUSES; ) {
    causes.push(at);
    at = at instanceof Error ? at.cause : undefined;
  }
  return causes;
}

/** Name, message and stack frames. The message is truncated to leave room for the frames, which lead to the line. */
function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown).slice(0, MAX_HEAD);
  const frames = (thrown.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return [`${thrown.name}: ${thrown.message}`.slice(0, MAX_HEAD), ...frames].join("\n");
}

/** Keeps as many whole lines as fit. */
function bounded(text: string): string {
  const kept = storableText(text, MAX_TEXT);
  return text.length <= MAX_TEXT ? kept : kept.slice(0, kept.lastIndexOf("\n"));
}
