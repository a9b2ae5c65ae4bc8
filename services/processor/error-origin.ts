import type { AttemptError } from "../../contracts/job.ts";
import { storableText } from "./storable-json.ts";

const MAX_TEXT = 4_096;
const MAX_HEAD = 500;
const MAX_CAUSES = 5;

/** Where a thrown value came from: its stack, with files and lines, and those of its causes; each at most 4 KiB. */
export function originOf(thrown: unknown): Pick<AttemptError, "stack" | "cause"> {
  if (!(thrown instanceof Error)) return {};
  const causes = causesOf(thrown).map(describe).join("\nCaused by ");
  return { stack: bounded(describe(thrown)), ...(causes && { cause: bounded(causes) }) };
}

/** The causes of an error, nearest first; as many as are worth reading, which also ends a chain that contains itself. */
function causesOf(error: Error): unknown[] {
  const causes: unknown[] = [];
  for (let at: unknown = error.cause; at !== undefined && causes.length < MAX_CAUSES; ) {
    causes.push(at);
    at = at instanceof Error ? at.cause : undefined;
  }
  return causes;
}

/** Name and message, cut so that a long message leaves room for the frames, which are what leads to the line. */
function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown).slice(0, MAX_HEAD);
  const frames = (thrown.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return [`${thrown.name}: ${thrown.message}`.slice(0, MAX_HEAD), ...frames].join("\n");
}

/** Whole lines, as many as fit. */
function bounded(text: string): string {
  const kept = storableText(text, MAX_TEXT);
  return text.length <= MAX_TEXT ? kept : kept.slice(0, kept.lastIndexOf("\n"));
}
