import {
  FILTER_LANGUAGES,
  type FilterLanguage,
  type FilterValue,
  keyNamed,
  keysOf,
  PAYLOAD_PREFIX,
} from "./filter-keys.ts";
import { type Filters, MAX_FILTER_TEXT, MAX_FILTER_VALUES, MAX_PAYLOAD_FIELDS } from "./filter-schema.ts";
import { isStorable, readPayloadValue, readValue, shown } from "./filter-values.ts";
import { didYouMean, nearest } from "./nearest.ts";

/** Why part of a filter cannot be read. `start` and `end` are its position in a line of text. */
export interface FilterFault {
  readonly key: string;
  readonly message: string;
  /** Likely corrections, best first. */
  readonly nearest: readonly string[];
  readonly start?: number;
  readonly end?: number;
}

/** The readable part of a filter; it is complete if there are no faults. */
export interface ReadFilter<L extends FilterLanguage> {
  readonly filter: Filters[L];
  readonly faults: readonly FilterFault[];
}

export interface Known {
  /** The known job types; if they are missing, any name is accepted. */
  readonly types?: readonly string[];
  /** Other parameter names that the query accepts; they are suggested in place of a misspelled name. */
  readonly others?: readonly string[];
}

/** A key and a value, read from a line of text, a query or JSON. */
export interface Entry {
  readonly key: string;
  readonly value: string;
  readonly exact: boolean;
  readonly start?: number;
  readonly end?: number;
}

const LISTS: readonly FilterValue[] = ["statuses", "reasons", "types", "names"];

/** Reads entries in order. Faulty entries are reported and left out of the filter. */
export function readEntries<L extends FilterLanguage>(
  language: L,
  entries: readonly Entry[],
  known: Known,
): ReadFilter<L> {
  const filter = new Map<string, string | string[]>();
  const payload = new Map<string, (string | number | boolean | null)[]>();
  const faults: FilterFault[] = [];
  for (const entry of entries) {
    const { start, end } = entry;
    const place = start === undefined || end === undefined ? {} : { start, end };
    const refuse: Refuse = (message, close = []) => {
      faults.push({ key: entry.key, message, nearest: close, ...place });
      return undefined;
    };
    if (FILTER_LANGUAGES[language].payload && entry.key.startsWith(PAYLOAD_PREFIX))
      readField(payload, entry, refuse);
    else readKey(language, filter, entry, known, refuse);
  }
  const whole = {
    ...Object.fromEntries(filter),
    ...(payload.size > 0 && { payload: Object.fromEntries(payload) }),
  };
  return { filter: whole as Filters[L], faults };
}

/** Records a fault. The caller then skips the entry and continues with the next. */
type Refuse = (message: string, nearest?: readonly string[]) => undefined;

function readKey(
  language: FilterLanguage,
  filter: Map<string, string | string[]>,
  entry: Entry,
  known: Known,
  refuse: Refuse,
): undefined {
  const key = keyNamed(language, entry.key);
  const takes = key && keysOf(language)[key]?.takes;
  if (!key || !takes) {
    const names = [...namesOf(language), ...(known.others ?? [])];
    const close = nearest(entry.key, names);
    const hint = close.length > 0 ? `${didYouMean(close)} ` : `; the known names are ${names.join(", ")}. `;
    const asText = entry.start === undefined ? "" : "To search for it as text, put it in double quotes";
    return refuse(`No filter is named ${shown(entry.key)}${hint}${asText}`.replace(/\.? $/, ""), close);
  }
  const isList = LISTS.includes(takes);
  if (!isList && filter.has(key)) return refuse(`${key} is given twice, but takes a single value`);
  const parts = isList && !entry.exact ? entry.value.split(",") : [entry.value];
  for (const part of parts) {
    const read = readValue(takes, key, part, known.types);
    if ("fault" in read) refuse(read.fault.message, read.fault.nearest);
    else if (isList) addTo(filter, key, read.value, refuse);
    else filter.set(key, read.value);
  }
}

function addTo(
  filter: Map<string, string | string[]>,
  key: string,
  value: string,
  refuse: Refuse,
): undefined {
  const values = [filter.get(key) ?? []].flat();
  if (values.includes(value)) return;
  if (values.length === MAX_FILTER_VALUES) return refuse(`${key} has more than ${MAX_FILTER_VALUES} values`);
  filter.set(key, [...values, value]);
}

function readField(
  payload: Map<string, (string | number | boolean | null)[]>,
  entry: Entry,
  refuse: Refuse,
): undefined {
  const field = entry.key.slice(PAYLOAD_PREFIX.length);
  if (field === "") return refuse(`payload. names no field; write payload.<field>`);
  if (!isStorable(field) || !isStorable(entry.value)) return refuse(hasNul(entry.key));
  if (entry.value.length > MAX_FILTER_TEXT)
    return refuse(
      `${shown(entry.key)} has ${entry.value.length} characters; the limit is ${MAX_FILTER_TEXT}`,
    );
  if (!payload.has(field) && payload.size === MAX_PAYLOAD_FIELDS)
    return refuse(`There are more than ${MAX_PAYLOAD_FIELDS} payload fields`);
  const read = readPayloadValue(entry.value, entry.exact);
  // A JSON escape can still produce a character that cannot be stored.
  if (read.some((value) => typeof value === "string" && !isStorable(value))) return refuse(hasNul(entry.key));
  const values = [...(payload.get(field) ?? []), ...read];
  if (values.length > MAX_FILTER_VALUES)
    return refuse(`${shown(entry.key)} has more than ${MAX_FILTER_VALUES} values`);
  payload.set(field, values);
}

/** Reports text that PostgreSQL cannot store. */
export const hasNul = (key: string) => `${shown(key)} contains a NUL or an unpaired surrogate`;

function namesOf(language: FilterLanguage): string[] {
  return [
    ...Object.keys(keysOf(language)),
    ...(FILTER_LANGUAGES[language].payload ? ["payload.<field>"] : []),
  ];
}
