import type { FilterFault } from "./filter-entries.ts";
import { FILTER_LANGUAGES, type FilterLanguage, keyNamed, keysOf, PAYLOAD_PREFIX } from "./filter-keys.ts";
import { type FilterTerm, quoted } from "./filter-terms.ts";
import { shown } from "./filter-values.ts";
import { didYouMean, nearest } from "./nearest.ts";

/** A name, a comparison operator and a value. Arrows such as `a=>b` and padding such as `YQ==` do not match. */
const COMPARISON = /^([a-z][\w.]*)(>=?|<=?|!=|==?(?!>))([^=>].*)$/is;

/**
 * Reports a word that looks like a comparison in another query language, such as `failed>-5m` or `staus=failed`,
 * because searching for it as text would silently find nothing. The report suggests the condition to write instead.
 */
export function slipOf(language: FilterLanguage, term: FilterTerm): FilterFault | undefined {
  if (term.exact) return undefined;
  const [word, name = "", sign = "", value = ""] = COMPARISON.exec(written(term)) ?? [];
  if (word === undefined) return undefined;
  const close =
    sign === "!="
      ? []
      : keysMeant(language, name, sign).map((key) => `${key}:${valueFor(language, key, value)}`);
  const names = Object.keys(keysOf(language)).join(", ");
  const hint =
    close.length > 0 ? `${didYouMean(close)} ` : `; a condition is key:value, and the keys are ${names}. `;
  return {
    key: name,
    message: `${shown(word)} is not a condition${hint}To search for it as text, put it in double quotes`,
    nearest: close,
    start: term.start,
    end: term.end,
  };
}

/**
 * Returns the part of a term that may be a comparison; empty if the term has an ordinary key. Terms are split at the
 * first colon, so `createdAt>2026-11-27T09:00:00Z` arrives with the key `createdAt>2026-11-27T09` and must be put back
 * together.
 */
function written({ key, value }: FilterTerm): string {
  if (key === undefined) return value;
  return COMPARISON.test(key) && !key.startsWith(PAYLOAD_PREFIX) ? `${key}:${value}` : "";
}

/** Returns the keys that a name and an operator may mean, best first: `created>` or `createdAt>` is `createdAfter`. */
function keysMeant(language: FilterLanguage, name: string, sign: string): readonly string[] {
  if (FILTER_LANGUAGES[language].payload && name.startsWith(PAYLOAD_PREFIX))
    return sign.startsWith("=") ? [name] : [];
  const side = sign.startsWith(">") ? "After" : sign.startsWith("<") ? "Before" : "";
  const moment = name.replace(/(?<=[a-z])(?:At|_at)$/, "");
  const key = keyNamed(language, `${moment}${side}`) ?? keyNamed(language, name);
  if (key) return [key];
  const keys = Object.keys(keysOf(language));
  const ofSide = keys.filter((one) => one.endsWith(side));
  const close = nearest(`${moment}${side}`, ofSide);
  return close.length > 0 ? close : nearest(moment, keys);
}

/** Converts a value to the form that its key takes: ages have no sign here, so `-5m` becomes `5m`. */
function valueFor(language: FilterLanguage, key: string, value: string): string {
  const plain = keysOf(language)[key]?.takes === "time" ? value.replace(/^(?:now)?-/, "") : value;
  return /[\s"]/.test(plain) ? quoted(plain) : plain;
}
