import type { AttemptError } from "../../contracts/job.ts";
import { storableText } from "./storable-json.ts";

const MAX_TEXT = 4_096;
const MAX_HEAD = 500;
const MAX_CAUSES = 5;

/**
 * Returns a thrown error's stack and the joined stacks of its causes, each text at most 4,096 characters long. Returns
 * an empty object for any other value.
 */
export function originOf(thrown: unknown): Pick<AttemptError, "stack" | "cause"> {
  if (!(thrown instanceof Error)) return {};
  const causes = causesOf(thrown).map(describe).join("\nCaused by ");
  return { stack: bounded(describe(thrown)), ...(causes && { cause: bounded(causes) }) };
}

/** Returns the causes of an error, nearest first. The limit also ends a circular chain. */
function causesOf(error: Error): unknown[] {
  const causes: unknown[] = [];
  for (let at: unknown = error.cause; at !== undefined && causes.length < MAX_CAUSES; ) {
    causes.push(at);
    at = at instanceof Error ? at.cause : undefined;
  }
  return causes;
}

/**
 * Returns an error's name, message and stack frames, or any other value as text. Truncates the message to leave room
 * for the frames, which show where the error arose.
 */
function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown).slice(0, MAX_HEAD);
  const frames = (thrown.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return [`${thrown.name}: ${thrown.message}`.slice(0, MAX_HEAD), ...frames].join("\n");
}

/** Truncates a text to as many whole lines as fit. */
function bounded(text: string): string {
  const kept = storableText(text, MAX_TEXT);
  return text.length <= MAX_TEXT ? kept : kept.slice(0, kept.lastIndexOf("\n"));
}
