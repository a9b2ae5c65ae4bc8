import { Value } from "@sinclair/typebox/value";
import { DEAD_LETTER_REASONS } from "./dead-letter.ts";
import type { FilterValue } from "./filter-keys.ts";
import { REASON_CHOICES, STATUS_CHOICES } from "./filter-keys.ts";
import { didYouMean, nearest } from "./nearest.ts";
import { Timestamp, Uuid } from "./schema.ts";
import { statusNamed } from "./status-words.ts";

export interface ValueFault {
  readonly message: string;
  readonly nearest: readonly string[];
}
export type ReadValue = { readonly value: string } | { readonly fault: ValueFault };

const AGE = /^\d{1,6}(?:ms|s|m|h|d|w)$/;
const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const MAX_QUOTED = 80;

/** Quotes a value for a message, and shortens it if it is long. */
export const shown = (value: string) =>
  JSON.stringify(value.length > MAX_QUOTED ? `${value.slice(0, MAX_QUOTED)}…` : value);

/** Reads one value of a key. `types` are the known job types; if they are missing, any name is accepted. */
export function readValue(
  takes: FilterValue,
  name: string,
  text: string,
  types?: readonly string[],
): ReadValue {
  const limit = takes === "types" ? 64 : 200;
  if (text.length > limit) return faulty(`${name} has ${text.length} characters; the limit is ${limit}`);
  if (!isStorable(text))
    return faulty(`${name} is ${shown(text)}, which contains a NUL or an unpaired surrogate`);
  if (text === "") return faulty(`${name} is empty, expected ${WANTED[takes]}`);
  switch (takes) {
    case "statuses": {
      const status = statusNamed(text);
      return status ? { value: status } : unknown(name, ["status", "statuses"], text, STATUS_CHOICES);
    }
    case "reasons": {
      const reason = DEAD_LETTER_REASONS.find((one) => one === text.trim().toUpperCase());
      return reason ? { value: reason } : unknown(name, ["reason", "reasons"], text, REASON_CHOICES);
    }
    case "types":
      return !types || types.includes(text)
        ? { value: text }
        : unknown(name, ["job type", "types"], text, types);
    case "uuid":
      return Value.Check(Uuid, text)
        ? { value: text.toLowerCase() }
        : faulty(`${name} is ${shown(text)}, expected ${WANTED.uuid}`);
    case "time":
      return AGE.test(text) || Value.Check(Timestamp, text)
        ? { value: text }
        : faulty(`${name} is ${shown(text)}, expected ${WANTED.time}${lostPlus(text)}`);
    default:
      return { value: text };
  }
}

/** Whether PostgreSQL can store a text. */
export const isStorable = (text: string) => text.isWellFormed() && !text.includes("\u0000");

/** Converts an age, such as `5m`, to the time that long before `now`; returns a time unchanged. */
export function timeOf(text: string, now: Date): string {
  const [, count, unit] = /^(\d+)([a-z]+)$/.exec(text) ?? [];
  if (!count || !unit) return text;
  return new Date(Math.max(0, now.getTime() - Number(count) * (UNITS[unit] ?? 0))).toISOString();
}

/**
 * Returns the values that a payload field is compared with. Text that parses as a JSON number, boolean or null matches
 * both that value and the text itself, so `100` finds the number and the string. If `exact` is true, only the text
 * itself matches.
 */
export function readPayloadValue(text: string, exact: boolean): (string | number | boolean | null)[] {
  if (exact) return [text];
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "string") return [value];
    if (value === null || typeof value === "boolean") return [value, text];
    if (typeof value === "number" && Number.isFinite(value)) return [value, text];
  } catch {
    // Text that is not JSON is plain text.
  }
  return [text];
}

const WANTED: Readonly<Record<FilterValue, string>> = {
  statuses: "a status",
  reasons: "a reason",
  types: "a job type",
  names: "a name",
  name: "a name",
  uuid: "a UUID",
  time: "an RFC 3339 time with an offset (2026-11-27T09:00:00Z) or an age (30s, 5m, 2h, 1d)",
  text: "some text",
};

const faulty = (message: string): ReadValue => ({ fault: { message, nearest: [] } });

function unknown(
  name: string,
  [singular, plural]: readonly [string, string],
  text: string,
  choices: readonly string[],
): ReadValue {
  const close = nearest(text, choices);
  const hint =
    close.length > 0 ? didYouMean(close) : `; the known ${plural} are ${choices.slice(0, 20).join(", ")}`;
  return {
    fault: { message: `${name} is ${shown(text)}, and there is no such ${singular}${hint}`, nearest: close },
  };
}

/** Suggests encoding the `+` of an offset: unencoded in a URL, it is decoded as a space. */
function lostPlus(text: string): string {
  return /T[\d:.]+ \d\d:?\d\d$/i.test(text) ? "; in a URL write the + of an offset as %2B" : "";
}
