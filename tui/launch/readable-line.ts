export interface ReadableLine {
  /** Equal for lines that say the same. */
  readonly key: string;
  readonly text: string;
  /** When a warning was written, in milliseconds; undefined for what is worse than a warning. */
  readonly warnedAt?: number;
}

const maxChars = 300;

/** A log line for people: warnings, errors and what is no JSON; undefined for the rest. */
export function readableLine(line: string): ReadableLine | undefined {
  const trimmed = line.trim();
  if (trimmed === "") return undefined;
  // Looked at before parsing: nearly all lines are of the other levels.
  if (trimmed.startsWith("{") && !/"level":"(?:warn|error)"/.test(trimmed)) return undefined;
  return inWords(trimmed);
}

/** Any log line for people. */
export function inWords(line: string): ReadableLine {
  const entry = line.startsWith("{") ? parse(line) : undefined;
  if (!entry) return { key: line, text: cut(line) };
  const { time, level, service, message, reason, error, ...facts } = entry;
  const why = reason ?? (error as { message?: unknown } | undefined)?.message ?? error;
  const words = Object.entries(facts)
    .filter(([, value]) => typeof value !== "object")
    .map(([name, value]) => `${name} ${value}`);
  const details = [...(why === undefined ? [] : [why]), ...words].join(", ");
  return {
    key: `${level} ${message} ${why}`,
    text: cut(`${level === "error" ? "error: " : ""}${message}${details ? ` (${details})` : ""}`),
    ...(level === "warn" && { warnedAt: Date.parse(String(time)) }),
  };
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const cut = (text: string) => (text.length > maxChars ? `${text.slice(0, maxChars - 1)}…` : text);
