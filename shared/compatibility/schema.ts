/** A JSON Schema object, which maps keywords to unchecked values. */
export type Schema = { readonly [keyword: string]: unknown };

/** The schema that admits every value, and the one that admits none. */
export const ANYTHING: Schema = {};
export const NOTHING: Schema = { not: {} };

/** Keywords that only document: changing them changes no contract. */
export const ANNOTATIONS: ReadonlySet<string> = new Set([
  "title",
  "description",
  "examples",
  "$comment",
  "deprecated",
]);

/** Keywords that identify a schema or hold definitions, which are compared where they are used. */
export const IDENTITY: ReadonlySet<string> = new Set(["$id", "$version", "$defs", "definitions"]);

/** Whether a value is a schema object; arrays and null are not. */
export function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns a schema in object form: `false` admits no value, while `true` and a missing schema admit every value. */
export function asSchema(value: unknown): Schema {
  if (value === false) return NOTHING;
  return isSchema(value) ? value : ANYTHING;
}

/**
 * Whether a schema admits no value, that is, has the form `{ not: true }`, or `{ not: {} }`, which `asSchema` returns
 * for `false`.
 */
export function admitsNothing(node: Schema): boolean {
  if (!("not" in node)) return false;
  return node.not === true || (isSchema(node.not) && Object.keys(node.not).length === 0);
}

/** Whether a schema admits every value, that is, has no keywords other than annotations. */
export function isFree(node: Schema): boolean {
  return Object.keys(node).every((key) => ANNOTATIONS.has(key));
}

/** Returns the entries of a keyword that maps names to schemas, such as `properties`. */
export function entriesOf(value: unknown): Map<string, unknown> {
  return new Map(isSchema(value) ? Object.entries(value) : []);
}

/** Serializes a JSON value with sorted keys, so equal values have equal text. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isSchema(value)) return JSON.stringify(value) ?? "undefined";
  const keys = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
}

/** Returns a copy of the node without the given keywords. */
export function without(node: Schema, ...keywords: string[]): Schema {
  return Object.fromEntries(Object.entries(node).filter(([key]) => !keywords.includes(key)));
}

/** Returns the strings in a keyword's list; a value that is not a list counts as an empty one. */
export function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
