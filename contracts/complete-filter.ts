import {
  FILTER_LANGUAGES,
  type FilterLanguage,
  type FilterValue,
  keyNamed,
  keysOf,
  PAYLOAD_PREFIX,
  REASON_CHOICES,
  STATUS_CHOICES,
} from "./filter-keys.ts";
import { quoted, termsOf } from "./filter-terms.ts";

/** Values that the client can offer as completions. Where a list is missing, none are offered. */
export interface FilterVocabulary {
  readonly types?: readonly string[];
  readonly workers?: readonly string[];
  readonly errorCodes?: readonly string[];
  /** Names of top-level payload fields. */
  readonly fields?: readonly string[];
}

export interface Completion {
  /** The replacement for `text.slice(from, to)`. */
  readonly insert: string;
  readonly description: string;
}

export interface Completions {
  readonly from: number;
  readonly to: number;
  readonly options: readonly Completion[];
}

const AGES = ["5m", "15m", "1h", "6h", "1d", "7d"];

/**
 * Returns completions at the caret: keys at the start of a term, and after its colon the values that begin with the
 * typed text.
 */
export function completeFilter(
  language: FilterLanguage,
  text: string,
  caret: number,
  vocabulary: FilterVocabulary = {},
): Completions {
  const term = termsOf(text.slice(0, caret)).at(-1);
  if (!term || term.end < caret)
    return { from: caret, to: caret, options: keyOptions(language, "", vocabulary) };
  const to = caret + (/^[^\s,:"]*/.exec(text.slice(caret))?.[0].length ?? 0);
  if (term.key === undefined)
    return { from: term.start, to, options: keyOptions(language, term.value, vocabulary) };
  const key = keyNamed(language, term.key);
  const takes = key && keysOf(language)[key]?.takes;
  if (!key || !takes) return { from: caret, to: caret, options: [] };
  const typed = text.slice(term.valueStart, caret);
  const last = typed.slice(typed.lastIndexOf(",") + 1).replaceAll('"', "");
  const options = valuesOf(takes, key, vocabulary)
    .filter((value) => value.toLowerCase().startsWith(last.toLowerCase()))
    .map((value) => ({ insert: quoted(value), description: takes === "time" ? `${value} ago` : "" }));
  return { from: term.valueStart + typed.lastIndexOf(",") + 1, to, options };
}

function keyOptions(
  language: FilterLanguage,
  typed: string,
  { fields = [] }: FilterVocabulary,
): Completion[] {
  const wanted = typed.toLowerCase();
  const keys = Object.entries(keysOf(language)).map(([key, { description }]) => ({
    insert: `${key}:`,
    description,
  }));
  const payload = FILTER_LANGUAGES[language].payload
    ? [
        ...fields.map((field) => ({
          insert: `${PAYLOAD_PREFIX}${quoted(field)}:`,
          description: "A payload field",
        })),
        ...(fields.length === 0
          ? [{ insert: PAYLOAD_PREFIX, description: "A top-level field of the payload" }]
          : []),
      ]
    : [];
  return [...keys, ...payload].filter(({ insert }) => insert.toLowerCase().startsWith(wanted));
}

function valuesOf(takes: FilterValue, key: string, vocabulary: FilterVocabulary): readonly string[] {
  const { types = [], workers = [], errorCodes = [] } = vocabulary;
  switch (takes) {
    case "statuses":
      return STATUS_CHOICES;
    case "reasons":
      return REASON_CHOICES;
    case "types":
      return types;
    case "time":
      return AGES;
    case "names":
      return key === "errorCode" ? errorCodes : [];
    case "name":
      return key === "workerId" ? workers : [];
    default:
      return [];
  }
}
