import { ANNOTATIONS, canonical, IDENTITY, isSchema, type Schema, without } from "./schema.ts";

/** Finds a schema document by its `$id`, without a fragment. */
export type Resolve = (id: string) => Schema | undefined;

/** One side of a comparison: its document in normal form, and a way to resolve references. */
export interface Side {
  readonly root: Schema;
  /** Returns the schema that an absolute reference names; undefined if there is none. */
  resolve(ref: string): Schema | undefined;
}

type Scope = ReadonlyMap<string, string>;

const MAPS = new Set(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"]);
const VALUES = new Set(["const", "enum", "default", "examples"]);
const NAMELESS = "schema:nameless";

/**
 * Normalizes a document and the targets of its references: makes references absolute, and replaces `nullable` by a
 * type, value or branch for null.
 */
export function createSide(document: Schema, find: Resolve): Side {
  const prepared = new Map<string, Schema>();
  const root = normalize(document);
  prepared.set(baseOf(document), root);

  function documentOf(id: string): Schema | undefined {
    const known = prepared.get(id);
    if (known) return known;
    const found = find(id);
    if (!found) return undefined;
    // Cached because cycles are recognized by identity: a schema must be the same object however it is reached.
    const fresh = normalize(found);
    prepared.set(id, fresh);
    return fresh;
  }

  return {
    root,
    resolve(ref) {
      const [id = "", pointer = ""] = ref.split("#", 2);
      let at: unknown = documentOf(id);
      for (const step of pointer.split("/").slice(1)) {
        if (typeof at !== "object" || at === null) return undefined;
        at = (at as Record<string, unknown>)[unescapeStep(step)];
      }
      return isSchema(at) ? at : undefined;
    },
  };
}

/**
 * Whether a reference's target is a whole document or one of its definitions. These are compared where they are
 * defined, so they need not be compared again at each reference.
 */
export function isComparedAtHome(ref: string): boolean {
  return /^[^#]*#(\/(\$defs|definitions)\/[^/]+)?$/.test(ref);
}

/** Serializes a value canonically, with every reference replaced by its target and annotations left out. */
export function expanded(value: unknown, side: Side): string {
  return canonical(expand(value, side, []));
}

function expand(value: unknown, side: Side, open: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((item) => expand(item, side, open));
  if (!isSchema(value)) return value;
  const ref = value.$ref;
  if (typeof ref === "string") {
    const turns = open.indexOf(ref);
    const target = turns < 0 ? side.resolve(ref) : undefined;
    // The target's name and version are not part of its content.
    if (target)
      return expand({ ...without(target, ...IDENTITY), ...without(value, "$ref") }, side, [ref, ...open]);
    // A cycle is written as the number of references that it leads back, so that two schemas of the same shape compare
    // equal even if their names differ.
    if (turns >= 0) return { $ref: turns };
  }
  return Object.fromEntries(
    Object.entries(value)
      // If a key such as `title` holds a schema, it is not an annotation but a field with that name.
      .filter(([key, item]) => !ANNOTATIONS.has(key) || isSchema(item) || typeof item === "boolean")
      .map(([key, item]) => [key, VALUES.has(key) ? item : expand(item, side, open)]),
  );
}

function normalize(document: Schema): Schema {
  return normalizeSchema(document, baseOf(document), "", new Map()) as Schema;
}

function normalizeSchema(value: unknown, base: string, pointer: string, outer: Scope): unknown {
  if (Array.isArray(value)) {
    return value.map((item, index) => normalizeSchema(item, base, `${pointer}/${index}`, outer));
  }
  if (!isSchema(value)) return value;
  const scope = withNames(value, pointer, outer);
  const result: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const here = `${pointer}/${escapeStep(key)}`;
    if (VALUES.has(key)) result[key] = item;
    else if (key === "$ref" && typeof item === "string") result[key] = absolute(item, base, scope);
    else if (MAPS.has(key) && isSchema(item)) {
      result[key] = Object.fromEntries(
        Object.entries(item).map(([name, child]) => [
          name,
          normalizeSchema(child, base, `${here}/${escapeStep(name)}`, scope),
        ]),
      );
    } else result[key] = normalizeSchema(item, base, here, scope);
  }
  return withNull(result);
}

/**
 * TypeBox uses a bare name as the `$id` of recursive schemas and of module members. A reference to a bare name means
 * the nearest enclosing schema with that name.
 */
function withNames(node: Schema, pointer: string, outer: Scope): Scope {
  const names = new Map(outer);
  if (typeof node.$id === "string") names.set(node.$id, pointer);
  for (const keyword of ["$defs", "definitions"]) {
    const defined = node[keyword];
    if (!isSchema(defined)) continue;
    for (const [name, child] of Object.entries(defined)) {
      const id = isSchema(child) && typeof child.$id === "string" ? child.$id : name;
      names.set(id, `${pointer}/${keyword}/${escapeStep(name)}`);
    }
  }
  return names;
}

function absolute(ref: string, base: string, scope: Scope): string {
  const named = scope.get(ref);
  if (named !== undefined) return `${base}#${named}`;
  const [file = "", pointer = ""] = ref.split("#", 2);
  if (file === "") return `${base}#${pointer}`;
  const id = URL.canParse(file, base) ? new URL(file, base).href : file;
  return `${id}#${pointer}`;
}

function withNull(node: Schema): Schema {
  if (!("nullable" in node)) return node;
  const plain = without(node, "nullable");
  if (node.nullable !== true) return plain;
  for (const keyword of ["anyOf", "oneOf"]) {
    const branches = plain[keyword];
    if (Array.isArray(branches)) return { ...plain, [keyword]: [...branches, { type: "null" }] };
  }
  if (typeof plain.$ref === "string") return { anyOf: [plain, { type: "null" }] };
  const type = plain.type === undefined ? {} : { type: [plain.type, "null"].flat() };
  const values = "const" in plain ? [plain.const] : plain.enum;
  const listed = Array.isArray(values) ? { enum: [...values, null] } : {};
  return { ...without(plain, "const"), ...type, ...listed };
}

function baseOf(document: Schema): string {
  return typeof document.$id === "string" ? document.$id.replace(/#$/, "") : NAMELESS;
}

/** Writes a name as one step of a JSON pointer (RFC 6901). */
export function escapeStep(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

function unescapeStep(step: string): string {
  const text = /%[0-9a-f]{2}/i.test(step) ? decodeURIComponent(step) : step;
  return text.replaceAll("~1", "/").replaceAll("~0", "~");
}
