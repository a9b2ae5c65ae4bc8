import { type FilterLanguage, keysOf, PAYLOAD_PREFIX } from "./filter-keys.ts";
import type { Filters } from "./filter-schema.ts";
import { quoted } from "./filter-terms.ts";
import { readPayloadValue } from "./filter-values.ts";
import { statusNamed, statusWord } from "./status-words.ts";

type Scalar = string | number | boolean | null;

/** Writes a filter as a line of text that reads back as the same filter. */
export function writeFilter<L extends FilterLanguage>(language: L, filter: Filters[L]): string {
  const terms: string[] = [];
  const { payload = {}, ...rest } = filter as Readonly<Record<string, unknown>> & {
    payload?: Record<string, unknown>;
  };
  for (const key of Object.keys(keysOf(language))) {
    const given = rest[key];
    if (given === undefined || key === "text") continue;
    terms.push(
      `${key}:${[given]
        .flat()
        .map((value) => quoted(wordOf(key, String(value))))
        .join(",")}`,
    );
  }
  for (const [field, given] of Object.entries(payload))
    for (const value of valuesOf([given].flat() as Scalar[])) terms.push(`${quotedField(field)}:${value}`);
  if (typeof rest.text === "string") terms.push(quotedText(rest.text));
  return terms.join(" ");
}

export function filterQuery<L extends FilterLanguage>(language: L, filter: Filters[L]): URLSearchParams {
  const line = writeFilter(language, filter);
  return new URLSearchParams(line === "" ? {} : { filter: line });
}

const wordOf = (key: string, value: string) => {
  const status = key === "status" ? statusNamed(value) : undefined;
  return status ? statusWord(status) : value;
};

/**
 * Writes payload values. A value followed by the same value as a string, such as `5, "5"`, is written once, because an
 * unquoted `5` is read as both.
 */
function valuesOf(values: readonly Scalar[]): string[] {
  const written: string[] = [];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const next = values[i + 1];
    const both = typeof value !== "string" && typeof next === "string" && readsAs(next, value);
    if (both) i++;
    written.push(both ? next : typeof value === "string" ? literal(value) : String(value));
  }
  return written;
}

const readsAs = (text: string, value: Scalar) => readPayloadValue(text, false)[0] === value;

/** Quotes text that would otherwise be read as something else. */
const literal = (value: string) =>
  readPayloadValue(value, false).length === 1 && readPayloadValue(value, false)[0] === value
    ? quoted(value)
    : `"${value.replace(/["\\]/g, "\\$&")}"`;

const quotedField = (field: string) =>
  /[\s":\\]/.test(field) ? `${PAYLOAD_PREFIX}${quoted(field)}` : `${PAYLOAD_PREFIX}${field}`;

/** Quotes text that contains characters of the syntax, or whose extra whitespace would be lost. */
const quotedText = (text: string) =>
  /[":\\<>=]/.test(text) || text !== text.trim().replaceAll(/\s+/g, " ")
    ? `"${text.replace(/["\\]/g, "\\$&")}"`
    : text;
