/** A JSON Schema object: keywords to unchecked values. */
export type Schema = { readonly [keyword: string]: unknown };

/** The schema that admits everything, and the one that admits nothing. */
export const ANYTHING: Schema = {};
export const NOTHING: Schema = { not: {} };

/** Keywords that only inform people: changing them changes no contract. */
export const ANNOTATIONS: ReadonlySet<string> = new Set([
  "title",
  "description",
  "examples",
  "$comment",
  "deprecated",
]);

/** Keywords that name or carry schemas, which are compared where they are referenced or defined. */
export const IDENTITY: ReadonlySet<string> = new Set(["$id", "$version", "$defs", "definitions"]);

/** True for anything with keywords; arrays and null are not schemas. */
export function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object form of a schema: an absent one and `true` admit anything, `false` admits nothing. */
export function asSchema(value: unknown): Schema {
  if (value === false) return NOTHING;
  return isSchema(value) ? value : ANYTHING;
}

/** Whether nothing at all is admitted: `false`, `{ not: {} }` or `{ not: true }`. */
export function admitsNothing(node: Schema): boolean {
  if (!("not" in node)) return false;
  return node.not === true || (isSchema(node.not) && Object.keys(node.not).length === 0);
}

/** Whether a schema puts no rule on a value. */
export function isFree(node: Schema): boolean {
  return Object.keys(node).every((key) => ANNOTATIONS.has(key));
}

/** The entries of a keyword that maps names to schemas, such as `properties`. */
export function entriesOf(value: unknown): Map<string, unknown> {
  return new Map(isSchema(value) ? Object.entries(value) : []);
}

/** One text per JSON value, whatever the order of its keys. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isSchema(value)) return JSON.stringify(value) ?? "undefined";
  const keys = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
}

/** The node without some of its keywords. */
export function without(node: Schema, ...keywords: string[]): Schema {
  return Object.fromEntries(Object.entries(node).filter(([key]) => !keywords.includes(key)));
}

/** The list of strings a keyword holds; anything else counts as an empty list. */
export function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
