import {
  FILTER_LANGUAGES,
  type FilterLanguage,
  type FilterValue,
  keyNamed,
  keysOf,
  PAYLOAD_PREFIX,
} from "./filter-keys.ts";
import {
  type Filters,
  type JobFilter,
  MAX_FILTER_TEXT,
  MAX_FILTER_VALUES,
  MAX_PAYLOAD_FIELDS,
} from "./filter-schema.ts";
import { termsOf } from "./filter-terms.ts";
import { isStorable, readPayloadValue, readValue, shown, timeOf } from "./filter-values.ts";
import { didYouMean, nearest } from "./nearest.ts";

/** Why a part of a filter cannot be read. `start` and `end` say where it stands in a line of text. */
export interface FilterFault {
  readonly key: string;
  readonly message: string;
  /** What was probably meant, best first. */
  readonly nearest: readonly string[];
  readonly start?: number;
  readonly end?: number;
}

/** A filter as far as it could be read; it is whole when there are no faults. */
export interface ReadFilter<L extends FilterLanguage> {
  readonly filter: Filters[L];
  readonly faults: readonly FilterFault[];
}

export interface Known {
  /** The job types there are; without them every name passes. */
  readonly types?: readonly string[];
  /** Names beside the keys that a query may have; a slip of one of them is answered with it. */
  readonly others?: readonly string[];
}

/** A key with a value, from wherever it came. */
interface Entry {
  readonly key: string;
  readonly value: string;
  readonly exact: boolean;
  readonly start?: number;
  readonly end?: number;
}

const LISTS: readonly FilterValue[] = ["statuses", "reasons", "types", "names"];

/** Reads one line, such as `status:failed type:hash payload.user:1 failedAfter:5m some text`. Bare words are the text. */
export function readFilterText<L extends FilterLanguage>(
  language: L,
  text: string,
  known: Known = {},
): ReadFilter<L> {
  if (text.length > MAX_FILTER_TEXT) return tooLong(text.length);
  return readEntries(language, entriesOf(text), known);
}

/**
 * Reads query parameters. Each key may be repeated or have a list parted by commas; `filter` may carry one line of text
 * beside the others.
 */
export function readFilterQuery<L extends FilterLanguage>(
  language: L,
  parameters: Iterable<readonly [string, string]>,
  known: Known = {},
): ReadFilter<L> {
  const entries: Entry[] = [];
  for (const [key, value] of parameters) {
    if (key !== "filter") entries.push({ key, value, exact: false });
    else if (value.length > MAX_FILTER_TEXT) return tooLong(value.length);
    else entries.push(...entriesOf(value));
  }
  return readEntries(language, entries, known);
}

/** Reads a filter that is valid by its schema: names are checked against what there is, and lists become lists. */
export function readFilterJson<L extends FilterLanguage>(
  language: L,
  given: Filters[L],
  known: Known = {},
): ReadFilter<L> {
  const { payload, ...rest } = given as Readonly<Record<string, string | string[]>> &
    Pick<JobFilter, "payload">;
  const entries = Object.entries(rest).flatMap(([key, values]) =>
    [values].flat().map((value) => ({ key, value, exact: true })),
  );
  const { filter, faults } = readEntries(language, entries, known);
  const unstorable = Object.entries(payload ?? {})
    .filter(
      ([field, values]) =>
        ![field, ...[values].flat()].every((one) => typeof one !== "string" || isStorable(one)),
    )
    .map(([field]) => ({ key: `payload.${field}`, message: hasNul(`payload.${field}`), nearest: [] }));
  return { filter: payload ? { ...filter, payload } : filter, faults: [...faults, ...unstorable] };
}

/** The same filter with ages as times, seen from `now`: it means the same whenever it is applied. */
export function atTime<F extends object>(filter: F, now: Date): F {
  return Object.fromEntries(
    Object.entries(filter).map(([key, value]) => [
      key,
      /(?:After|Before)$/.test(key) && typeof value === "string" ? timeOf(value, now) : value,
    ]),
  ) as F;
}

function entriesOf(text: string): Entry[] {
  const terms = termsOf(text);
  const words = terms.filter(({ key = "text" }) => key === "text");
  const entries: Entry[] = terms
    .filter(({ key = "text" }) => key !== "text")
    .map(({ key = "", ...term }) => ({ key, ...term }));
  const [first, last] = [words[0], words.at(-1)];
  if (first && last)
    entries.push({
      key: "text",
      value: words.map(({ value }) => value).join(" "),
      exact: true,
      start: first.start,
      end: last.end,
    });
  return entries;
}

function readEntries<L extends FilterLanguage>(
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

/** Notes a fault. Its reader then leaves the entry out and goes on with the next. */
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
    const hint = close.length > 0 ? `${didYouMean(close)} ` : `; known are ${names.join(", ")}. `;
    const asText = entry.start === undefined ? "" : "To search for it as text, put it in double quotes";
    return refuse(`No filter is named ${shown(entry.key)}${hint}${asText}`.replace(/\.? $/, ""), close);
  }
  const isList = LISTS.includes(takes);
  if (!isList && filter.has(key)) return refuse(`${key} is given twice, and only one can hold`);
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
      `${shown(entry.key)} has ${entry.value.length} characters, the limit is ${MAX_FILTER_TEXT}`,
    );
  if (!payload.has(field) && payload.size === MAX_PAYLOAD_FIELDS)
    return refuse(`There are more than ${MAX_PAYLOAD_FIELDS} payload fields`);
  const read = readPayloadValue(entry.value, entry.exact);
  // JSON can escape what its own text may not hold.
  if (read.some((value) => typeof value === "string" && !isStorable(value))) return refuse(hasNul(entry.key));
  const values = [...(payload.get(field) ?? []), ...read];
  if (values.length > MAX_FILTER_VALUES)
    return refuse(`${shown(entry.key)} has more than ${MAX_FILTER_VALUES} values`);
  payload.set(field, values);
}

const hasNul = (key: string) => `${shown(key)} has a NUL or half of a surrogate pair`;

function namesOf(language: FilterLanguage): string[] {
  return [
    ...Object.keys(keysOf(language)),
    ...(FILTER_LANGUAGES[language].payload ? ["payload.<field>"] : []),
  ];
}

function tooLong<L extends FilterLanguage>(length: number): ReadFilter<L> {
  const message = `The filter has ${length} characters, the limit is ${MAX_FILTER_TEXT}`;
  return { filter: {} as Filters[L], faults: [{ key: "filter", message, nearest: [] }] };
}
