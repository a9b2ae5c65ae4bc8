import { describe, expect, test } from "bun:test";
import { type Change, compareSchemas, judge, type Schema } from "./judge.ts";

type Row = readonly [name: string, a: Schema, b: Schema, forth: readonly string[], back: readonly string[]];

const BASE = "https://task-observatory.dev/schemas";

const object = (properties: Record<string, unknown>, required: string[] = [], rest: Schema = {}): Schema => ({
  type: "object",
  properties,
  ...(required.length > 0 ? { required } : {}),
  ...rest,
});
const string = (rest: Schema = {}): Schema => ({ type: "string", ...rest });
const number = (rest: Schema = {}): Schema => ({ type: "number", ...rest });
const integer = (rest: Schema = {}): Schema => ({ type: "integer", ...rest });
const array = (items: unknown, rest: Schema = {}): Schema => ({ type: "array", items, ...rest });
const literals = (...values: unknown[]): Schema => ({
  anyOf: values.map((value) => ({ const: value, type: typeof value })),
});
const tagged = (kind: string, properties: Record<string, unknown> = {}, required: string[] = []): Schema =>
  object({ kind: { const: kind, type: "string" }, ...properties }, ["kind", ...required]);
const ref = (name: string): Schema => ({ $ref: `${BASE}/${name}` });
const tuple = (...items: Schema[]): Schema => ({
  type: "array",
  items,
  additionalItems: false,
  minItems: items.length,
  maxItems: items.length,
});
/** A linked list that refers to itself by a bare name, as TypeBox writes it. */
const chain = (name: string, value: Schema): Schema =>
  object({ chain: { $id: name, ...object({ value, next: { $ref: name } }, ["value"]) } });

/** Resolves the references in the tables below. `other.json` exists only on side B. */
const files = (side: "a" | "b") => (id: string) =>
  ({
    [`${BASE}/point.json`]: { ...object({ x: number() }, ["x"]), $id: `${BASE}/point.json` },
    [`${BASE}/point-too.json`]: { ...object({ x: number() }, ["x"]), $id: `${BASE}/point-too.json` },
    [`${BASE}/moving.json`]: { ...(side === "a" ? string() : number()), $id: `${BASE}/moving.json` },
    ...(side === "b" ? { [`${BASE}/other.json`]: string() } : {}),
  })[id];

// A row holds a name, schemas A and B, the changes expected from A to B, and those from B to A. In a change, "!" means
// breaking and "+" compatible; the rule and the path follow.
// biome-ignore format: a table with one pair per line
const FIELDS: Row[] = [
  ["annotations", string(), string({ title: "T", description: "D", examples: ["e"] }), [], []],
  ["key order", object({ a: string(), b: number() }), object({ b: number(), a: string() }), [], []],
  ["an optional field", object({}), object({ a: string() }), ["+ optional-property-added /properties/a"], ["! property-removed /properties/a"]],
  ["a required field", object({}), object({ a: string() }, ["a"]), ["! required-property-added /properties/a"], ["! property-removed /properties/a"]],
  ["a renamed field", object({ a: string() }), object({ b: string() }), ["! property-removed /properties/a", "+ optional-property-added /properties/b"], ["! property-removed /properties/b", "+ optional-property-added /properties/a"]],
  ["a field made required", object({ a: string() }), object({ a: string() }, ["a"]), ["! property-made-required /properties/a"], ["+ property-made-optional /properties/a"]],
  ["a required field that is not declared", object({}), object({}, ["a"]), ["! property-made-required /properties/a"], ["+ property-made-optional /properties/a"]],
  ["a field called title", object({ title: string() }), object({ title: number() }), ["! type-changed /properties/title"], ["! type-changed /properties/title"]],
  ["a field with a slash", object({ "a/b": string() }), object({ "a/b": number() }), ["! type-changed /properties/a~1b"], ["! type-changed /properties/a~1b"]],
  ["a field three levels down", object({ a: object({ b: object({ c: integer() }) }) }), object({ a: object({ b: object({ c: number() }) }) }), ["+ type-widened /properties/a/properties/b/properties/c"], ["! type-narrowed /properties/a/properties/b/properties/c"]],
  ["additionalProperties forbidden", object({}), object({}, [], { additionalProperties: false }), ["! additional-properties-forbidden /additionalProperties"], ["+ additional-properties-allowed /additionalProperties"]],
  ["additionalProperties spelled out", object({}), object({}, [], { additionalProperties: true }), [], []],
  ["a rule for additional fields", object({}), object({}, [], { additionalProperties: string() }), ["! additional-properties-restricted /additionalProperties"], ["+ additional-properties-freed /additionalProperties"]],
  ["a rule for additional fields that were forbidden", object({}, [], { additionalProperties: false }), object({}, [], { additionalProperties: string() }), ["+ additional-properties-allowed /additionalProperties"], ["! additional-properties-forbidden /additionalProperties"]],
  ["a changed rule for additional fields", object({}, [], { additionalProperties: integer() }), object({}, [], { additionalProperties: number() }), ["+ type-widened /additionalProperties"], ["! type-narrowed /additionalProperties"]],
  ["a declared field that had to meet the rule for additional fields", object({}, [], { additionalProperties: string() }), object({ n: number() }, [], { additionalProperties: string() }), ["! type-changed /properties/n"], ["! property-removed /properties/n"]],
  ["a changed rule in a map", object({}, [], { patternProperties: { "^(.*)$": integer() } }), object({}, [], { patternProperties: { "^(.*)$": number() } }), ["+ type-widened /patternProperties/^(.*)$"], ["! type-narrowed /patternProperties/^(.*)$"]],
  ["a map in a closed object", object({}, [], { additionalProperties: false }), object({}, [], { additionalProperties: false, patternProperties: { "^x-": string() } }), ["+ pattern-properties-added /patternProperties/^x-"], ["! pattern-properties-removed /patternProperties/^x-"]],
  ["a map in an open object", object({}), object({}, [], { patternProperties: { "^x-": string() } }), ["! pattern-properties-added /patternProperties/^x-"], ["! pattern-properties-removed /patternProperties/^x-"]],
  ["a map of anything", object({}), object({}, [], { patternProperties: { "^(.*)$": {} } }), [], []],
  ["minProperties and maxProperties", object({}, [], { maxProperties: 9 }), object({}, [], { minProperties: 1, maxProperties: 10 }), ["! min-properties-added", "+ max-properties-raised"], ["+ min-properties-removed", "! max-properties-lowered"]],
  ["a default", object({ a: string() }), object({ a: string({ default: "x" }) }), ["+ default-added /properties/a"], ["! default-removed /properties/a"]],
  ["a changed default", string({ default: "x" }), string({ default: "y" }), ["! default-changed"], ["! default-changed"]],
  ["a default of null", string({ default: null }), string(), ["! default-removed"], ["+ default-added"]],
];

// biome-ignore format: a table with one pair per line
const VALUES: Row[] = [
  ["a changed type", string(), number(), ["! type-changed"], ["! type-changed"]],
  ["integer to number", integer(), number(), ["+ type-widened"], ["! type-narrowed"]],
  ["an added type", string(), { type: ["string", "number"] }, ["+ type-widened"], ["! type-narrowed"]],
  ["types that partly overlap", { type: ["string", "number"] }, { type: ["string", "boolean"] }, ["! type-narrowed", "+ type-widened"], ["! type-narrowed", "+ type-widened"]],
  ["any type", {}, string(), ["! type-narrowed"], ["+ type-widened"]],
  ["null in a type", string(), { type: ["string", "null"] }, ["+ null-allowed"], ["! null-forbidden"]],
  ["null from nullable", string(), string({ nullable: true }), ["+ null-allowed"], ["! null-forbidden"]],
  ["null in a choice", string(), { anyOf: [string(), { type: "null" }] }, ["+ null-allowed"], ["! null-forbidden"]],
  ["two spellings of null", { type: ["string", "null"] }, { anyOf: [string(), { type: "null" }] }, [], []],
  ["nullable written as a choice", string({ nullable: true, minLength: 1 }), { anyOf: [{ type: "null" }, string({ minLength: 1 })] }, [], []],
  ["an enum value", string({ enum: ["a"] }), string({ enum: ["a", "b"] }), ["+ enum-value-added"], ["! enum-value-removed"]],
  ["a replaced enum value", string({ enum: ["a", "b"] }), string({ enum: ["a", "c"] }), ["! enum-value-removed", "+ enum-value-added"], ["! enum-value-removed", "+ enum-value-added"]],
  ["the order of an enum", { enum: ["a", "b"] }, { enum: ["b", "a"] }, [], []],
  ["a const widened to an enum", { const: "a", type: "string" }, { enum: ["a", "b"] }, ["+ enum-value-added"], ["! enum-value-removed"]],
  ["a changed const", { const: "a" }, { const: "b" }, ["! enum-value-removed", "+ enum-value-added"], ["! enum-value-removed", "+ enum-value-added"]],
  ["an enum written as literals", { enum: ["a", "b"], type: "string" }, literals("a", "b"), [], []],
  ["an added literal", literals("a", "b"), literals("a", "b", "c"), ["+ enum-value-added"], ["! enum-value-removed"]],
  ["a list removed", string({ enum: ["a", "b"] }), string(), ["+ enum-removed"], ["! enum-added"]],
  ["a list replaced by a rule that all its values meet", literals("ab", "cd"), string({ minLength: 2, pattern: "^[a-d]+$" }), ["+ enum-removed"], ["! enum-added"]],
  ["a list replaced by a rule that one value breaks", literals("ab", "x"), string({ minLength: 2 }), ["! enum-value-removed", "+ enum-removed"], ["! enum-added"]],
  ["a boolean narrowed to true", { type: "boolean" }, { const: true, type: "boolean" }, ["! enum-value-removed"], ["+ enum-value-added"]],
  ["a const replaced by another type", { const: 1 }, string(), ["! type-changed"], ["! type-changed"]],
  ["a field that admits nothing", object({ a: string() }), object({ a: { not: {} } }), ["! schema-forbidden /properties/a"], ["+ schema-allowed /properties/a"]],
];

// biome-ignore format: a table with one pair per line
const BOUNDS: Row[] = [
  ["minimum", integer({ minimum: 1 }), integer({ minimum: 2 }), ["! minimum-raised"], ["+ minimum-lowered"]],
  ["maximum", number({ maximum: 9 }), number({ maximum: 8 }), ["! maximum-lowered"], ["+ maximum-raised"]],
  ["an added bound", number(), number({ minimum: 0, maximum: 1 }), ["! minimum-added", "! maximum-added"], ["+ minimum-removed", "+ maximum-removed"]],
  ["a bound made exclusive", number({ minimum: 0, maximum: 1 }), number({ exclusiveMinimum: 0, exclusiveMaximum: 1 }), ["! minimum-raised", "! maximum-lowered"], ["+ minimum-lowered", "+ maximum-raised"]],
  ["two spellings of a bound on integers", integer({ exclusiveMinimum: 0, exclusiveMaximum: 10 }), integer({ minimum: 1, maximum: 9 }), [], []],
  ["multipleOf", number({ multipleOf: 0.01 }), number({ multipleOf: 0.1 }), ["! multiple-of-tightened"], ["+ multiple-of-loosened"]],
  ["an added multipleOf", integer(), integer({ multipleOf: 5 }), ["! multiple-of-added"], ["+ multiple-of-removed"]],
  ["a multipleOf that is neither tighter nor looser", integer({ multipleOf: 4 }), integer({ multipleOf: 6 }), ["! multiple-of-tightened"], ["! multiple-of-tightened"]],
  ["lengths", string({ minLength: 2, maxLength: 5 }), string({ minLength: 1, maxLength: 6 }), ["+ min-length-lowered", "+ max-length-raised"], ["! min-length-raised", "! max-length-lowered"]],
  ["a minimum length of 0", string({ minLength: 0 }), string(), [], []],
  ["an added pattern", string(), string({ pattern: "^a" }), ["! pattern-added"], ["+ pattern-removed"]],
  ["a changed pattern", string({ pattern: "^a" }), string({ pattern: "^[ab]" }), ["! pattern-changed"], ["! pattern-changed"]],
  ["an added format", string(), string({ format: "uuid" }), ["! format-added"], ["+ format-removed"]],
  ["a changed format", string({ format: "date" }), string({ format: "date-time" }), ["! format-changed"], ["! format-changed"]],
];

// biome-ignore format: a table with one pair per line
const ARRAYS: Row[] = [
  ["items", array(integer()), array(number()), ["+ type-widened /items"], ["! type-narrowed /items"]],
  ["items that had no rule", { type: "array" }, array(string()), ["! type-narrowed /items"], ["+ type-widened /items"]],
  ["a field in the items", array(object({ a: string() })), array(object({ a: string() }, ["a"])), ["! property-made-required /items/properties/a"], ["+ property-made-optional /items/properties/a"]],
  ["item counts", array(string(), { minItems: 1, maxItems: 5 }), array(string(), { maxItems: 4 }), ["+ min-items-removed", "! max-items-lowered"], ["! min-items-added", "+ max-items-raised"]],
  ["uniqueItems", array(string()), array(string(), { uniqueItems: true }), ["! unique-items-added"], ["+ unique-items-removed"]],
  ["an item of a tuple", tuple(string(), integer()), tuple(string(), number()), ["+ type-widened /items/1"], ["! type-narrowed /items/1"]],
  ["a longer tuple", tuple(string()), tuple(string(), string()), ["! min-items-raised", "+ max-items-raised", "+ tuple-item-added /items/1"], ["+ min-items-lowered", "! max-items-lowered", "! tuple-item-removed /items/1"]],
  ["the two spellings of a tuple", tuple(string()), { type: "array", prefixItems: [string()], items: false, minItems: 1, maxItems: 1 }, [], []],
  ["a tuple opened to additional items", { type: "array", prefixItems: [string()], items: false }, { type: "array", prefixItems: [string()] }, ["+ additional-items-allowed /items"], ["! additional-items-forbidden /items"]],
  ["a tuple replaced by a list", { type: "array", prefixItems: [string(), integer()], items: false }, array({ type: ["string", "integer"] }), ["+ type-widened /prefixItems/0", "+ type-widened /prefixItems/1", "+ additional-items-allowed /items"], ["! type-narrowed /prefixItems/0", "! type-narrowed /prefixItems/1", "! additional-items-forbidden /items"]],
];

// biome-ignore format: a table with one pair per line
const UNIONS: Row[] = [
  ["an added branch with another type", { anyOf: [string(), object({})] }, { anyOf: [string(), object({}), { type: "boolean" }] }, ["+ union-branch-added /anyOf/2"], ["! union-branch-removed"]],
  ["the order of branches", { anyOf: [string(), integer()] }, { anyOf: [integer(), string()] }, [], []],
  ["a schema widened to a choice", string(), { anyOf: [string(), integer()] }, ["+ union-branch-added /anyOf/1"], ["! union-branch-removed"]],
  ["a list of types written as a choice", { type: ["string", "integer"] }, { anyOf: [integer(), string()] }, [], []],
  ["a nested choice", { anyOf: [string(), { anyOf: [integer(), { type: "boolean" }] }] }, { anyOf: [string(), integer(), { type: "boolean" }] }, [], []],
  ["an added tagged branch", { anyOf: [tagged("a"), tagged("b")] }, { anyOf: [tagged("c"), tagged("b"), tagged("a")] }, ["+ union-branch-added /anyOf/0"], ["! union-branch-removed"]],
  ["a field in a tagged branch that moved", { anyOf: [tagged("a", { n: integer() }), tagged("b", { n: integer() })] }, { anyOf: [tagged("b", { n: integer() }), tagged("a", { n: number() })] }, ["+ type-widened /anyOf/1/properties/n"], ["! type-narrowed /anyOf/0/properties/n"]],
  ["a field made required in one branch", { oneOf: [tagged("a", { n: integer() }), tagged("b")] }, { oneOf: [tagged("a", { n: integer() }, ["n"]), tagged("b")] }, ["! property-made-required /oneOf/0/properties/n"], ["+ property-made-optional /oneOf/0/properties/n"]],
  ["a branch that another one includes", { anyOf: [integer(), number()] }, { anyOf: [number()] }, [], ["+ union-branch-added /anyOf/0"]],
  ["a literal beside a string", { anyOf: [{ const: "a" }, integer()] }, { anyOf: [{ const: "a" }, { const: "b" }, integer()] }, ["+ enum-value-added"], ["! enum-value-removed"]],
  ["a literal replaced by a rule that admits it", { anyOf: [{ const: "a" }, integer()] }, { anyOf: [string(), integer()] }, ["+ union-branch-added /anyOf/0"], ["! union-branch-removed"]],
  ["a bound in a branch", { anyOf: [string({ maxLength: 5 }), integer()] }, { anyOf: [string({ maxLength: 9 }), integer()] }, ["+ max-length-raised /anyOf/0"], ["! max-length-lowered /anyOf/0"]],
  ["oneOf of branches that exclude each other", { oneOf: [string(), integer()] }, { anyOf: [string(), integer()] }, [], []],
  ["oneOf of branches that overlap", { oneOf: [integer(), number()] }, { anyOf: [integer(), number()] }, ["+ union-made-inclusive"], ["! union-made-exclusive"]],
  ["a wider branch of an overlapping oneOf", { oneOf: [number({ maximum: 1 }), integer({ minimum: 5 })] }, { oneOf: [number({ maximum: 9 }), integer({ minimum: 5 })] }, ["+ maximum-raised /oneOf/0", "! one-of-may-overlap"], ["! maximum-lowered /oneOf/0"]],
  ["a definition within an overlapping oneOf", { $defs: { n: integer({ maximum: 5 }) }, oneOf: [{ $ref: "#/$defs/n" }, number()] }, { $defs: { n: integer() }, oneOf: [{ $ref: "#/$defs/n" }, number()] }, ["! one-of-may-overlap", "+ maximum-removed /$defs/n"], ["! one-of-may-overlap", "! maximum-added /$defs/n"]],
  ["a list beside another rule", { allOf: [{ enum: ["a", "bb"] }, string()] }, { allOf: [{ enum: ["a", "bb"] }, string({ minLength: 2 })] }, ["! enum-value-removed"], ["+ enum-value-added"]],
  ["a list that contradicts its type", { allOf: [{ enum: [1, 2] }, string()] }, { allOf: [{ enum: [1, "a"] }, string()] }, ["+ enum-value-added"], ["! enum-value-removed"]],
  ["a oneOf with overlapping branches inside a choice", {}, { anyOf: [{ oneOf: [number(), {}] }, { type: "boolean" }] }, ["! type-narrowed /anyOf/1", "+ union-branch-added /anyOf/0"], ["+ union-made-inclusive"]],
  ["an added choice beside other rules", object({ a: string() }), object({ a: string() }, [], { anyOf: [{ required: ["a"] }, { required: ["b"] }] }), ["! union-added"], ["+ union-removed"]],
  ["one schema written as allOf", object({ a: string(), b: string() }, ["a", "b"]), { allOf: [object({ a: string() }, ["a"]), object({ b: string() }, ["b"])] }, [], []],
  ["a field in one branch of allOf", { allOf: [object({ a: string() }), object({})] }, { allOf: [object({ a: string() }), object({ b: string() })] }, ["+ optional-property-added /properties/b"], ["! property-removed /properties/b"]],
  ["a closed intersection", { ...object({ a: string() }), additionalProperties: false }, { allOf: [object({ a: string() })], type: "object", unevaluatedProperties: false }, [], []],
  ["an added rule that cannot be merged", { allOf: [string({ pattern: "^a" })] }, { allOf: [string({ pattern: "^a" }), string({ pattern: "z$" })] }, ["! all-of-branch-added /allOf/1"], ["+ all-of-branch-removed /allOf/1"]],
  ["an unknown keyword", string(), string({ contentEncoding: "base64" }), ["! unknown-keyword-changed"], ["! unknown-keyword-changed"]],
  ["a changed condition", object({}, [], { if: { required: ["a"] } }), object({}, [], { if: { required: ["b"] } }), ["! unknown-keyword-changed"], ["! unknown-keyword-changed"]],
];

// biome-ignore format: a table with one pair per line
const REFERENCES: Row[] = [
  ["a reference kept while its file changes", object({ a: ref("moving.json") }), object({ a: ref("moving.json"), b: string() }), ["+ optional-property-added /properties/b"], ["! property-removed /properties/b"]],
  ["a reference to another document with the same rules", array(ref("point.json")), array(ref("point-too.json")), [], []],
  ["a relative reference", array(ref("point.json")), array({ $ref: "point.json" }), [], []],
  ["a reference replaced by its target", ref("point.json"), object({ x: number() }, ["x"]), [], []],
  ["a reference replaced by a changed copy of its target", object({ p: ref("point.json") }), object({ p: object({ x: integer() }, ["x"]) }), ["! type-narrowed /properties/p/properties/x"], ["+ type-widened /properties/p/properties/x"]],
  ["a rule beside a reference", ref("point.json"), { ...ref("point.json"), required: ["y"] }, ["! property-made-required /properties/y"], ["+ property-made-optional /properties/y"]],
  ["an annotation beside a reference", ref("point.json"), { ...ref("point.json"), description: "D" }, [], []],
  ["a reference in a choice", { anyOf: [ref("point.json"), string()] }, { anyOf: [string(), ref("point.json"), { type: "null" }] }, ["+ null-allowed"], ["! null-forbidden"]],
  ["an extended reference", { allOf: [ref("point.json"), object({ a: string() })] }, { allOf: [ref("point.json"), object({ a: string(), b: string() }, ["b"])] }, ["! required-property-added /properties/b"], ["! property-removed /properties/b"]],
  ["a reference that cannot be resolved on one side", object({ a: ref("other.json") }), object({ a: ref("other.json"), b: string() }), ["! ref-unresolved /properties/a", "+ optional-property-added /properties/b"], ["! ref-unresolved /properties/a", "! property-removed /properties/b"]],
  ["a local definition used twice", { $defs: { n: integer() }, ...object({ a: { $ref: "#/$defs/n" }, b: { $ref: "#/$defs/n" } }) }, { $defs: { n: number() }, ...object({ a: { $ref: "#/$defs/n" }, b: { $ref: "#/$defs/n" } }) }, ["+ type-widened /$defs/n"], ["! type-narrowed /$defs/n"]],
  ["a definition under another name", { $defs: { n: integer() }, ...array({ $ref: "#/$defs/n" }) }, { $defs: { m: integer() }, ...array({ $ref: "#/$defs/m" }) }, [], []],
  ["a pointer into the document", object({ a: integer(), b: { $ref: "#/properties/a" } }), object({ a: number(), b: { $ref: "#/properties/a" } }), ["+ type-widened /properties/a", "+ type-widened /properties/b"], ["! type-narrowed /properties/a", "! type-narrowed /properties/b"]],
  ["a schema that contains itself", object({ children: array({ $ref: "#" }), n: integer() }), object({ children: array({ $ref: "#" }), n: number() }), ["+ type-widened /properties/n"], ["! type-narrowed /properties/n"]],
  ["definitions that contain each other", { $defs: { a: object({ b: { $ref: "#/$defs/b" } }), b: object({ a: { $ref: "#/$defs/a" }, n: integer() }) }, $ref: "#/$defs/a" }, { $defs: { a: object({ b: { $ref: "#/$defs/b" } }), b: object({ a: { $ref: "#/$defs/a" }, n: number() }) }, $ref: "#/$defs/a" }, ["+ type-widened /$defs/b/properties/n"], ["! type-narrowed /$defs/b/properties/n"]],
  ["a cycle under another name", chain("T0", string()), chain("T1", string()), [], []],
  ["a difference inside a cycle", chain("T0", integer()), chain("T1", number()), ["+ type-widened /properties/chain/properties/value"], ["! type-narrowed /properties/chain/properties/value"]],
  ["a cycle unrolled once", { $defs: { l: object({ next: { $ref: "#/$defs/l" } }) }, $ref: "#/$defs/l" }, { $defs: { l: object({ next: { $ref: "#/$defs/l" } }) }, ...object({ next: object({ next: { $ref: "#/$defs/l" } }) }) }, [], []],
  ["a reference inside an unknown keyword", { $defs: { n: integer() }, not: { $ref: "#/$defs/n" } }, { $defs: { n: number() }, not: { $ref: "#/$defs/n" } }, ["! unknown-keyword-changed", "+ type-widened /$defs/n"], ["! unknown-keyword-changed", "! type-narrowed /$defs/n"]],
  ["a member of a TypeBox module", { $defs: { A: { $id: "A", ...object({ n: integer(), a: { $ref: "A" } }) } }, $ref: "A" }, { $defs: { A: { $id: "A", ...object({ n: number(), a: { $ref: "A" } }) } }, $ref: "A" }, ["+ type-widened /$defs/A/properties/n"], ["! type-narrowed /$defs/A/properties/n"]],
];

function summaryOf(changes: readonly Change[]): string[] {
  return changes
    .map(({ level, rule, path }) => `${level === "breaking" ? "!" : "+"} ${rule} ${path}`.trim())
    .sort();
}

const TABLE = {
  fields: FIELDS,
  values: VALUES,
  bounds: BOUNDS,
  arrays: ARRAYS,
  unions: UNIONS,
  references: REFERENCES,
};

for (const [topic, rows] of Object.entries(TABLE)) {
  describe(`compareSchemas on ${topic}`, () => {
    test.each(rows)("classifies %s correctly in both directions", (_name, plainA, plainB, forth, back) => {
      const a = { $id: `${BASE}/sample.json`, $version: "1.0.0", ...plainA };
      const b = { $id: `${BASE}/sample.json`, $version: "1.0.0", ...plainB };
      expect(summaryOf(compareSchemas(a, b, { resolveOld: files("a"), resolveNew: files("b") }))).toEqual(
        [...forth].sort(),
      );
      expect(summaryOf(compareSchemas(b, a, { resolveOld: files("b"), resolveNew: files("a") }))).toEqual(
        [...back].sort(),
      );
      expect(compareSchemas(a, a, { resolveOld: files("b"), resolveNew: files("b") })).toEqual([]);
      expect(compareSchemas(b, b, { resolveOld: files("b"), resolveNew: files("b") })).toEqual([]);
    });
  });
}

test("the tables hold at least a hundred pairs", () => {
  expect(Object.values(TABLE).flat().length).toBeGreaterThanOrEqual(100);
});

test("a change names the schema, the path, and the old and new value", () => {
  const a = { $id: `${BASE}/job.json`, ...object({ payload: object({ rounds: integer({ minimum: 1 }) }) }) };
  const b = { $id: `${BASE}/job.json`, ...object({ payload: object({ rounds: integer({ minimum: 2 }) }) }) };
  expect(compareSchemas(a, b)).toEqual([
    {
      schema: "job",
      path: "/properties/payload/properties/rounds",
      rule: "minimum-raised",
      level: "breaking",
      message: "was 1, is 2",
    },
  ]);
});

test("a removed field whose rules reappear under another name is reported as a possible rename", () => {
  const [change] = compareSchemas(object({ a: string() }), object({ b: string() }));
  expect(change?.message).toContain("renamed to b?");
});

describe("judge", () => {
  const job = (version: unknown, properties: Record<string, unknown>, rest: Schema = {}): Schema => ({
    $id: `${BASE}/job.json`,
    $version: version,
    ...object(properties),
    ...rest,
  });
  const set = (...schemas: Schema[]) =>
    new Map(schemas.map((schema) => [String(schema.$id).replace(/^.*\/|\.json$/g, ""), schema]));
  const verdict = (old: Map<string, Schema>, next: Map<string, Schema>) =>
    judge(old, next).violations.map(({ schema, path, rule }) => `${schema} ${path} ${rule}`);

  const narrow = { n: integer() };
  const wide = { n: number() };

  test.each([
    ["1.2.3", "1.2.3", false],
    ["1.2.3", "1.2.4", false],
    ["1.2.3", "1.3.0", false],
    ["1.2.3", "2.0.0", true],
    ["0.2.3", "0.3.0", false],
    ["0.2.3", "1.0.0", true],
  ])("bumping %s to %s is enough for a breaking change: %p", (from, to, fine) => {
    const found = verdict(set(job(from, wide)), set(job(to, narrow)));
    expect(found).toEqual(fine ? [] : ["job /properties/n type-narrowed"]);
  });

  test.each([
    ["1.2.3", "1.2.3", false],
    ["1.2.3", "1.2.4", false],
    ["1.2.3", "1.3.0", true],
    ["1.2.3", "2.0.0", true],
    ["1.9.0", "1.10.0", true],
  ])("bumping %s to %s is enough for a compatible change: %p", (from, to, fine) => {
    const found = verdict(set(job(from, narrow)), set(job(to, wide)));
    expect(found).toEqual(fine ? [] : ["job /properties/n type-widened"]);
  });

  test("annotations may change without a new version", () => {
    const next = set(job("1.0.0", { n: integer({ description: "how many" }) }));
    expect(judge(set(job("1.0.0", narrow)), next)).toEqual({ violations: [], changes: [] });
  });

  test("the message names the lowest version that would be accepted", () => {
    const [violation] = judge(set(job("1.2.3", wide)), set(job("1.3.0", narrow))).violations;
    expect(violation?.message).toContain("$version 1.3.0 must be at least 2.0.0");
  });

  test("a decreased version is a violation, with or without a change", () => {
    expect(verdict(set(job("1.10.0", narrow)), set(job("1.9.0", narrow)))).toEqual([
      "job /$version version-went-back",
    ]);
    expect(verdict(set(job("2.0.0", wide)), set(job("1.0.0", narrow)))).toEqual([
      "job /$version version-went-back",
    ]);
  });

  test.each([undefined, 1, "1", "1.0", "v1.0.0", "01.0.0", "1.0.0-beta"])(
    "$version %p is malformed",
    (version) => {
      expect(verdict(set(job("1.0.0", narrow)), set(job(version, narrow)))).toEqual([
        "job /$version version-malformed",
      ]);
      expect(verdict(set(), set(job(version, narrow)))).toEqual(["job /$version version-malformed"]);
    },
  );

  test("a malformed version can be corrected", () => {
    expect(verdict(set(job("one", wide)), set(job("1.0.0", narrow)))).toEqual([]);
  });

  test("a changed $id is a violation, whatever the version", () => {
    const moved = new Map([["job", { ...job("2.0.0", narrow), $id: `${BASE}/task.json` }]]);
    expect(verdict(set(job("1.0.0", narrow)), moved)).toEqual(["job /$id id-changed"]);
  });

  test("a duplicate or missing $id is a violation", () => {
    const twins = new Map([
      ["job", job("1.0.0", narrow)],
      ["task", job("1.0.0", narrow)],
    ]);
    expect(verdict(set(), twins)).toEqual(["job /$id id-not-unique", "task /$id id-not-unique"]);
    const nameless = new Map([["job", object({}, [], { $version: "1.0.0" })]]);
    expect(verdict(set(), nameless)).toEqual(["job /$id id-not-unique"]);
  });

  test("a new schema is compatible, and a removed schema is a violation", () => {
    const added = judge(set(), set(job("1.0.0", narrow)));
    expect(added.violations).toEqual([]);
    expect(summaryOf(added.changes)).toEqual(["+ schema-added"]);
    const removed = judge(set(job("1.0.0", narrow)), set());
    expect(removed.violations.map(({ schema, rule }) => `${schema} ${rule}`)).toEqual(["job schema-removed"]);
    expect(summaryOf(removed.changes)).toEqual(["! schema-removed"]);
  });

  test("a change is reported for the file that contains it, not for files that refer to it", () => {
    const list: Schema = { $id: `${BASE}/list.json`, $version: "1.0.0", ...array(ref("job.json")) };
    const old = set(job("1.0.0", wide), list);
    const { changes, violations } = judge(old, set(job("1.0.0", narrow), list));
    expect(changes.map(({ schema, rule }) => `${schema} ${rule}`)).toEqual(["job type-narrowed"]);
    expect(violations.map(({ schema }) => schema)).toEqual(["job"]);
    expect(verdict(old, set(job("2.0.0", narrow), list))).toEqual([]);
  });

  test("a removed schema is also reported wherever another schema refers to it", () => {
    const list: Schema = { $id: `${BASE}/list.json`, $version: "1.0.0", ...array(ref("job.json")) };
    expect(verdict(set(job("1.0.0", wide), list), set(list))).toEqual([
      "job  schema-removed",
      "list /items ref-unresolved",
    ]);
  });
});
