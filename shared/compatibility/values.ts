import { dereference, mergeAllOf } from "./all-of.ts";
import type { Side } from "./document.ts";
import { covers, typeOfValue, typesOf } from "./json-types.ts";
import { ANNOTATIONS, asSchema, canonical, IDENTITY, type Schema, stringsOf, without } from "./schema.ts";

const MAX_NESTING = 16;
const CHOICE_SIBLINGS = new Set(["anyOf", "oneOf", "default"]);
const FOR_CONTAINERS = new Set(
  `properties required patternProperties additionalProperties minProperties maxProperties
   items prefixItems additionalItems minItems maxItems uniqueItems`.split(/\s+/),
);

/** Returns a node with its references followed and its `allOf` merged, as far as possible. */
export function plain(node: Schema, side: Side): Schema {
  const target = dereference(node, side) ?? {};
  return "allOf" in target ? (mergeAllOf(target, side, new Set()) ?? target) : target;
}

/** Returns the branches of a node whose only rule is `anyOf` or `oneOf`; undefined for any other node. */
export function choicesOf(node: Schema): Schema[] | undefined {
  const branches = node.anyOf ?? node.oneOf;
  if (!Array.isArray(branches) || branches.length === 0 || ("anyOf" in node && "oneOf" in node))
    return undefined;
  const bare = Object.keys(node).every(
    (key) => CHOICE_SIBLINGS.has(key) || ANNOTATIONS.has(key) || IDENTITY.has(key),
  );
  return bare ? branches.map(asSchema) : undefined;
}

/** Returns the values that a node lists (by const, enum, null, or a choice of these); undefined if it lists none. */
export function valuesOf(node: Schema, side: Side, nesting = 0): unknown[] | undefined {
  if (nesting > MAX_NESTING) return undefined;
  const target = plain(node, side);
  const types = typesOf(target);
  const typed = (values: readonly unknown[]) => values.filter((value) => covers(types, typeOfValue(value)));
  if ("const" in target) return typed([target.const]);
  if (Array.isArray(target.enum)) return typed(target.enum);
  if (types.size === 1 && types.has("null")) return [null];
  const lists = choicesOf(without(target, "type"))?.map((branch) => valuesOf(branch, side, nesting + 1));
  if (!lists || lists.some((list) => list === undefined)) return undefined;
  return typed(lists.flatMap((list) => list ?? []));
}

/** Whether a schema certainly admits a value. False if this cannot be decided, as with unsupported keywords. */
export function admits(node: Schema, value: unknown, side: Side, nesting = 0): boolean {
  if (nesting > MAX_NESTING) return false;
  const target = plain(node, side);
  if (!covers(typesOf(target), typeOfValue(value))) return false;
  const meets = (branch: unknown) => admits(asSchema(branch), value, side, nesting + 1);
  const equals = (item: unknown) => canonical(item) === canonical(value);
  return Object.entries(target).every(([key, rule]) => {
    if (key === "type" || key === "default" || ANNOTATIONS.has(key) || IDENTITY.has(key)) return true;
    if (key === "const") return equals(rule);
    if (!Array.isArray(rule)) return admitsByKeyword(key, rule, value);
    if (key === "enum") return rule.some(equals);
    if (key === "anyOf") return rule.some(meets);
    if (key === "allOf") return rule.every(meets);
    // Exactly one branch may admit the value, which is certain only if the branches are distinct.
    if (key === "oneOf") return rule.some(meets) && areDistinct(rule.map(asSchema), side);
    return admitsByKeyword(key, rule, value);
  });
}

function admitsByKeyword(key: string, rule: unknown, value: unknown): boolean {
  // Lengths count code points, not UTF-16 code units (JSON Schema Validation, section 6.3).
  if (key === "minLength") return typeof value !== "string" || [...value].length >= Number(rule);
  if (key === "maxLength") return typeof value !== "string" || [...value].length <= Number(rule);
  if (key === "pattern") return typeof value !== "string" || matches(String(rule), value);
  if (key === "minimum") return typeof value !== "number" || value >= Number(rule);
  if (key === "maximum") return typeof value !== "number" || value <= Number(rule);
  if (key === "exclusiveMinimum") return typeof value !== "number" || value > Number(rule);
  if (key === "exclusiveMaximum") return typeof value !== "number" || value < Number(rule);
  if (key === "multipleOf") return typeof value !== "number" || Number.isInteger(value / Number(rule));
  // Rules for fields and items do not apply to scalar values.
  return FOR_CONTAINERS.has(key) && (typeof value !== "object" || value === null);
}

/** Whether a pattern matches part of a text. A pattern that JavaScript refuses matches nothing. */
export function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern, "u").test(text);
  } catch (cause) {
    if (cause instanceof SyntaxError) return false;
    throw cause;
  }
}

/**
 * Whether two schemas could admit the same value. They cannot if their types, their listed values, or the values listed
 * for a field that both require have nothing in common.
 */
export function mayOverlap(left: Schema, leftSide: Side, right: Schema, rightSide: Side): boolean {
  const leftValues = valuesOf(left, leftSide);
  const rightValues = valuesOf(right, rightSide);
  if (leftValues && rightValues) {
    const known = new Set(rightValues.map(canonical));
    return leftValues.some((value) => known.has(canonical(value)));
  }
  const leftTypes = [...typeSetOf(left, leftSide)];
  const rightTypes = typeSetOf(right, rightSide);
  const shared = leftTypes.some(
    (type) => covers(rightTypes, type) || (type === "number" && rightTypes.has("integer")),
  );
  if (!shared) return false;
  const rightTags = tagsOf(right, rightSide);
  return ![...tagsOf(left, leftSide)].some(([name, values]) => {
    const others = rightTags.get(name);
    return others !== undefined && !values.some((value) => others.includes(value));
  });
}

/** Whether no value can match two of the branches. */
export function areDistinct(branches: readonly Schema[], side: Side): boolean {
  return branches.every((left, index) =>
    branches.slice(index + 1).every((right) => !mayOverlap(left, side, right, side)),
  );
}

/** Returns every JSON type that a schema can admit, following references and choices. */
export function typeSetOf(node: Schema, side: Side, nesting = 0): Set<string> {
  const target = plain(node, side);
  const values = valuesOf(target, side);
  if (values) return new Set(values.map(typeOfValue));
  const branches = choicesOf(target);
  if (!branches || nesting > MAX_NESTING) return typesOf(target);
  return new Set(branches.flatMap((branch) => [...typeSetOf(branch, side, nesting + 1)]));
}

/** Returns an object schema's required fields that list their values: these tell the branches of a choice apart. */
function tagsOf(node: Schema, side: Side): Map<string, string[]> {
  const target = plain(node, side);
  const fields = typeof target.properties === "object" && target.properties ? target.properties : {};
  const tags = new Map<string, string[]>();
  for (const [name, field] of Object.entries(fields)) {
    const values = stringsOf(target.required).includes(name) ? valuesOf(asSchema(field), side) : undefined;
    if (values) tags.set(name, values.map(canonical));
  }
  return tags;
}
