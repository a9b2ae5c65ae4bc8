import type { Side } from "./document.ts";
import {
  ANNOTATIONS,
  asSchema,
  canonical,
  IDENTITY,
  isSchema,
  type Schema,
  stringsOf,
  without,
} from "./schema.ts";

const wrapped = new WeakMap<Schema, Schema>();

/** Follows a node's references to the schema they lead to; undefined if one cannot be resolved. */
export function dereference(node: Schema, side: Side): Schema | undefined {
  const seen = new Set<Schema>();
  let at: Schema | undefined = node;
  while (at && typeof at.$ref === "string") {
    // A reference that leads only to itself admits anything.
    if (seen.has(at)) return {};
    seen.add(at);
    if (!hasRulesBesideRef(at)) at = side.resolve(at.$ref);
    else return side.resolve(at.$ref) && refAsAllOf(at);
  }
  return at;
}

/** Whether a reference adds rules to its target. */
export function hasRulesBesideRef(node: Schema): boolean {
  return Object.keys(node).some(
    (key) => key !== "$ref" && key !== "default" && !ANNOTATIONS.has(key) && !IDENTITY.has(key),
  );
}

/**
 * Rewrites a reference with rules beside it as an `allOf`, since both its target and these rules apply. Returns the
 * same object every time, so cycles can be recognized by identity.
 */
function refAsAllOf(node: Schema): Schema {
  const known = wrapped.get(node);
  if (known) return known;
  const { allOf, ...rest } = node;
  const branches = Array.isArray(allOf) ? allOf : [];
  const fresh = { ...without(rest, "$ref"), allOf: [{ $ref: node.$ref }, ...branches] };
  wrapped.set(node, fresh);
  return fresh;
}

/** Returns the references that are direct branches of a node's `allOf`. */
export function allOfRefs(node: Schema): string[] {
  return branchesOf(node).flatMap((branch) => (typeof branch.$ref === "string" ? [branch.$ref] : []));
}

/**
 * Merges a node and its `allOf` branches into one schema without `allOf`, leaving out the references in `apart`.
 * Undefined if no single schema is equivalent: a keyword has two different rules, or one branch forbids the fields of
 * another.
 */
export function mergeAllOf(node: Schema, side: Side, apart: ReadonlySet<string>): Schema | undefined {
  const parts = partsOf(node, side, apart, []);
  if (!parts) return undefined;
  const closed = parts.findIndex((part) => restricts(part.additionalProperties));
  if (closed >= 0 && parts.some((part, index) => index !== closed && declaresFields(part))) return undefined;
  if (parts.slice(1).some((part) => restricts(part.unevaluatedProperties))) return undefined;
  let merged: Schema | undefined = {};
  for (const part of parts) merged = merged && mergeTwo(merged, part);
  return merged && apart.size === 0 ? closedByOneKeyword(merged) : merged;
}

/** Once all fields are in one schema, `unevaluatedProperties` means the same as `additionalProperties`. */
function closedByOneKeyword(node: Schema): Schema {
  const conditional = ["anyOf", "oneOf", "if", "additionalProperties"].some((key) => key in node);
  if (conditional || !("unevaluatedProperties" in node)) return node;
  return { ...without(node, "unevaluatedProperties"), additionalProperties: node.unevaluatedProperties };
}

function partsOf(node: Schema, side: Side, apart: ReadonlySet<string>, open: Schema[]): Schema[] | undefined {
  if (open.includes(node)) return undefined;
  const parts: Schema[] = [without(node, "allOf")];
  for (const branch of branchesOf(node)) {
    if (typeof branch.$ref === "string" && apart.has(branch.$ref)) continue;
    const target = dereference(branch, side);
    const inner = target && partsOf(target, side, apart, [...open, node]);
    if (!inner) return undefined;
    parts.push(...inner);
  }
  return parts;
}

function mergeTwo(left: Schema, right: Schema): Schema | undefined {
  const merged: Record<string, unknown> = { ...left };
  for (const [key, value] of Object.entries(right)) {
    const present = merged[key];
    if (ANNOTATIONS.has(key) || IDENTITY.has(key)) merged[key] ??= value;
    else if (present === undefined || canonical(present) === canonical(value)) merged[key] = value;
    else if (key === "required") merged[key] = [...new Set([...stringsOf(present), ...stringsOf(value)])];
    else if (key === "properties" && isSchema(present) && isSchema(value)) {
      const agree = Object.keys(value).every(
        (name) => !(name in present) || canonical(present[name]) === canonical(value[name]),
      );
      if (!agree) return undefined;
      merged[key] = { ...present, ...value };
    } else return undefined;
  }
  return merged;
}

export function branchesOf(node: Schema): Schema[] {
  return Array.isArray(node.allOf) ? node.allOf.map(asSchema) : [];
}

function restricts(value: unknown): boolean {
  return value !== undefined && value !== true;
}

function declaresFields(part: Schema): boolean {
  return "properties" in part || "patternProperties" in part;
}
