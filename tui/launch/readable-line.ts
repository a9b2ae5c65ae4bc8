import { shortId } from "../../shared/format.ts";

export interface ReadableLine {
  /** Equal for lines with the same level, message and reason. */
  readonly key: string;
  readonly text: string;
  /** When a warning was written, in milliseconds since 1970; undefined if the line is not a warning. */
  readonly warnedAt?: number;
}

const MAX_CHARS = 300;
/**
 * The limit for a line about a job is lower, because many jobs may fail at once and a handler's message may be long.
 */
const MAX_JOB_CHARS = 160;

/** Formats a warning, an error or a line that is not JSON for display; returns undefined for any other line. */
export function readableLine(line: string): ReadableLine | undefined {
  const trimmed = line.trim();
  if (trimmed === "") return undefined;
  // Checks the level before parsing, because nearly all lines have a lower one.
  if (trimmed.startsWith("{") && !/"level":"(?:warn|error)"/.test(trimmed)) return undefined;
  return inWords(trimmed);
}

/** Formats any log line for display. */
export function inWords(line: string): ReadableLine {
  const entry = line.startsWith("{") ? parse(line) : undefined;
  if (!entry) return { key: line, text: cut(line) };
  const { time, level, service, message, reason, error, ...facts } = entry;
  const why = whyOf(reason, error);
  const job = jobOf(facts);
  const details = job === undefined ? [...why, ...wordsOf(facts)] : [job, ...why];
  const text = `${message}${details.length > 0 ? ` (${details.join(", ")})` : ""}`;
  return {
    key: `${level} ${message} ${why.join()}`,
    text: cut(`${level === "error" ? "error: " : ""}${text}`, job === undefined ? MAX_CHARS : MAX_JOB_CHARS),
    ...(level === "warn" && { warnedAt: Date.parse(String(time)) }),
  };
}

/** Returns a line's reason, prefixed with its error code unless the reason contains the code. */
function whyOf(reason: unknown, error: unknown): string[] {
  const { message, code } = (error ?? {}) as { message?: unknown; code?: unknown };
  const why = reason ?? message ?? (typeof error === "object" ? code : error);
  if (why === undefined || why === null) return [];
  return [code === undefined || String(why).includes(String(code)) ? String(why) : `${code}: ${why}`];
}

/** Returns the job that a line concerns. The line's other fields are on the job's page and in the log file. */
function jobOf({ jobId, type }: Readonly<Record<string, unknown>>): string | undefined {
  return typeof jobId === "string" && typeof type === "string" ? `${type} ${shortId(jobId)}` : undefined;
}

const wordsOf = (facts: Readonly<Record<string, unknown>>) =>
  Object.entries(facts)
    .filter(([, value]) => typeof value !== "object")
    .map(([name, value]) => `${name} ${value}`);

function parse(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const cut = (text: string, most = MAX_CHARS) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
