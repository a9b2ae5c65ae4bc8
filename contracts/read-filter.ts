import {
  type Entry,
  type FilterFault,
  hasNul,
  type Known,
  type ReadFilter,
  readEntries,
} from "./filter-entries.ts";
import type { FilterLanguage } from "./filter-keys.ts";
import { type Filters, type JobFilter, MAX_FILTER_TEXT } from "./filter-schema.ts";
import { slipOf } from "./filter-slips.ts";
import { type FilterTerm, termsOf } from "./filter-terms.ts";
import { isStorable, timeOf } from "./filter-values.ts";

export type { FilterFault, Known, ReadFilter } from "./filter-entries.ts";

/**
 * Reads a line such as `status:failed type:hash payload.user:1 failedAfter:5m some text`. Bare words become `text`.
 */
export function readFilterText<L extends FilterLanguage>(
  language: L,
  text: string,
  known: Known = {},
): ReadFilter<L> {
  if (text.length > MAX_FILTER_TEXT) return tooLong(text.length);
  return readLines(language, [], [text], known);
}

/**
 * Reads query parameters. A key that takes a list may be repeated or given comma-separated values. The parameter
 * `filter` may add conditions as a line of text (see {@link readFilterText}).
 */
export function readFilterQuery<L extends FilterLanguage>(
  language: L,
  parameters: Iterable<readonly [string, string]>,
  known: Known = {},
): ReadFilter<L> {
  const entries: Entry[] = [];
  const lines: string[] = [];
  for (const [key, value] of parameters) {
    if (key !== "filter") entries.push({ key, value, exact: false });
    else if (value.length > MAX_FILTER_TEXT) return tooLong(value.length);
    else lines.push(value);
  }
  return readLines(language, entries, lines, known);
}

/**
 * Reads a filter that has passed its schema: checks job types against the known ones, and turns a single value into a
 * list if its key takes a list.
 */
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

/**
 * Replaces ages, such as `5m`, with absolute times counted back from `now`, so that the filter means the same whenever
 * it is applied.
 */
export function atTime<F extends object>(filter: F, now: Date): F {
  return Object.fromEntries(
    Object.entries(filter).map(([key, value]) => [
      key,
      /(?:After|Before)$/.test(key) && typeof value === "string" ? timeOf(value, now) : value,
    ]),
  ) as F;
}

function readLines<L extends FilterLanguage>(
  language: L,
  entries: readonly Entry[],
  lines: readonly string[],
  known: Known,
): ReadFilter<L> {
  const slips: FilterFault[] = [];
  const all = [...entries];
  for (const line of lines) {
    const terms = termsOf(line).map((term) => ({ term, slip: slipOf(language, term) }));
    slips.push(...terms.flatMap(({ slip }) => slip ?? []));
    all.push(...entriesOf(terms.flatMap(({ term, slip }) => (slip ? [] : term))));
  }
  const { filter, faults } = readEntries(language, all, known);
  return { filter, faults: [...faults, ...slips] };
}

function entriesOf(terms: readonly FilterTerm[]): Entry[] {
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

function tooLong<L extends FilterLanguage>(length: number): ReadFilter<L> {
  const message = `The filter has ${length} characters; the limit is ${MAX_FILTER_TEXT}`;
  return { filter: {} as Filters[L], faults: [{ key: "filter", message, nearest: [] }] };
}
