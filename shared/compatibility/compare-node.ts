import { allOfRefs, branchesOf, dereference, hasRulesBesideRef, mergeAllOf } from "./all-of.ts";
import { breaking, type Change, compatible, type Place, shown } from "./change.ts";
import { compareArray } from "./compare-array.ts";
import { compareBounds } from "./compare-bounds.ts";
import { compareObject } from "./compare-object.ts";
import { compareUnion } from "./compare-union.ts";
import { compareListed, compareLists, compareOpened } from "./compare-values.ts";
import { escapeStep, expanded, isComparedAtHome, type Side } from "./document.ts";
import { apart, compareTypes } from "./json-types.ts";
import { ANNOTATIONS, admitsNothing, asSchema, canonical, IDENTITY, type Schema, without } from "./schema.ts";
import { choicesOf, typeSetOf, valuesOf } from "./values.ts";

const UNDERSTOOD = new Set(
  `type const enum anyOf oneOf allOf $ref default properties required patternProperties additionalProperties
   unevaluatedProperties items prefixItems additionalItems minItems maxItems uniqueItems minLength maxLength
   pattern format minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minProperties maxProperties`.split(
    /\s+/,
  ),
);

/** Creates a function that compares two schemas found at the same path in a pair of documents. */
export function createComparison(schema: string, old: Side, next: Side) {
  // Pairs of nodes whose comparison is still in progress. Meeting such a pair again closes a cycle of references, which
  // adds no difference of its own.
  const open = new Map<Schema, Set<Schema>>();

  function onceInCycle(was: Schema, is: Schema, compare: () => Change[]): Change[] {
    const partners = open.get(was) ?? new Set();
    if (partners.has(is)) return [];
    open.set(was, partners.add(is));
    const changes = compare();
    partners.delete(is);
    return changes;
  }

  function compareAt(was: unknown, is: unknown, path: string): Change[] {
    return compareNode(asSchema(was), asSchema(is), placeAt(path), onceInCycle);
  }

  function placeAt(path: string): Place {
    const to = (steps: (string | number)[]) =>
      path + steps.map((step) => `/${escapeStep(String(step))}`).join("");
    return {
      schema,
      path,
      old,
      next,
      compare: (was, is, ...steps) => compareAt(was, is, to(steps)),
      below: (...steps) => placeAt(to(steps)),
    };
  }

  return compareAt;
}

type OnceInCycle = (was: Schema, is: Schema, compare: () => Change[]) => Change[];

function compareNode(old: Schema, next: Schema, place: Place, onceInCycle: OnceInCycle): Change[] {
  const was = dereference(old, place.old);
  const is = dereference(next, place.next);
  if (!was || !is) {
    if (!was && !is && old.$ref === next.$ref) return [];
    return [breaking(place, "ref-unresolved", `cannot follow ${shown((is ? old : next).$ref)}`)];
  }
  if (isSameDefinition(old, next)) return compareDefaults(old.default, next.default, place);
  const defaults = compareDefaults(
    "default" in old ? old.default : was.default,
    "default" in next ? next.default : is.default,
    place,
  );
  const compareFlat = "allOf" in was || "allOf" in is ? compareAllOf : compareRules;
  return [...defaults, ...onceInCycle(was, is, () => compareFlat(was, is, place))];
}

/** Whether both versions refer to the same document or `$defs` entry, which is compared once, where it is defined. */
function isSameDefinition(old: Schema, next: Schema): boolean {
  if (typeof old.$ref !== "string" || old.$ref !== next.$ref) return false;
  if (hasRulesBesideRef(old) || hasRulesBesideRef(next)) return false;
  return isComparedAtHome(old.$ref);
}

function compareAllOf(old: Schema, next: Schema, place: Place): Change[] {
  const before = new Set(allOfRefs(old));
  const shared = new Set(allOfRefs(next).filter((ref) => before.has(ref) && isComparedAtHome(ref)));
  const kept = [...shared].flatMap(($ref) => place.compare({ $ref }, { $ref }));
  const was = mergeAllOf(old, place.old, shared);
  const is = mergeAllOf(next, place.next, shared);
  if (was && is) return [...kept, ...compareRules(was, is, place)];
  const notShared = (branch: Schema) => !(typeof branch.$ref === "string" && shared.has(branch.$ref));
  const oldBranches = branchesOf(old).filter(notShared);
  const nextBranches = branchesOf(next).filter(notShared);
  const changes = [...kept, ...compareRules(without(old, "allOf"), without(next, "allOf"), place)];
  for (let index = 0; index < Math.max(oldBranches.length, nextBranches.length); index += 1) {
    const where = place.below("allOf", index);
    if (index >= oldBranches.length)
      changes.push(breaking(where, "all-of-branch-added", "another rule now applies"));
    else if (index >= nextBranches.length) {
      changes.push(compatible(where, "all-of-branch-removed", "a rule no longer applies"));
    } else changes.push(...place.compare(oldBranches[index], nextBranches[index], "allOf", index));
  }
  return changes;
}

function compareRules(old: Schema, next: Schema, place: Place): Change[] {
  if (admitsNothing(old) || admitsNothing(next)) {
    if (admitsNothing(old) && admitsNothing(next)) return [];
    if (admitsNothing(old))
      return [compatible(place, "schema-allowed", "no value was admitted, and some now are")];
    return [breaking(place, "schema-forbidden", "no value is admitted anymore")];
  }
  const before = typeSetOf(old, place.old);
  const after = typeSetOf(next, place.next);
  // A version that admits no type has an empty list of values, and lists of values are compared below.
  if (before.size > 0 && after.size > 0 && apart(before, after)) {
    return [
      breaking(place, "type-changed", `was ${[...before].join(" or ")}, is ${[...after].join(" or ")}`),
    ];
  }
  let was = valuesOf(old, place.old);
  let is = valuesOf(next, place.next);
  // In a comparison with a list, a boolean counts as the list of its two values.
  if (is && !was && old.type === "boolean") was = [true, false];
  if (was && !is && next.type === "boolean") is = [true, false];
  const choice = choicesOf(old) ?? choicesOf(next);
  // If one version lists its values and the other has neither such a list nor a choice of branches, they are compared
  // below, not branch by branch.
  const mixed = (was && !is && !choicesOf(next)) || (is && !was && !choicesOf(old));
  if (choice && !mixed && isWholeOrNone(old) && isWholeOrNone(next)) return compareUnion(old, next, place);
  if (was && is) return compareLists(old, was, next, is, place);
  if (was) return compareOpened(was, next, place);
  if (is) return compareListed(is, place);
  return [...compareKeywords(old, next, place), ...compareInnerUnion(old, next, place)];
}

/**
 * Whether a node is nothing but a choice (`anyOf` or `oneOf`), or has no choice at all. A choice beside other rules
 * cannot be compared branch by branch.
 */
function isWholeOrNone(node: Schema): boolean {
  return choicesOf(node) !== undefined || !("anyOf" in node || "oneOf" in node);
}

/** Compares choices that stand beside other rules. */
function compareInnerUnion(old: Schema, next: Schema, place: Place): Change[] {
  const was = innerUnion(old);
  const is = innerUnion(next);
  if (was && is) return compareUnion(was, is, place);
  if (is) return [breaking(place, "union-added", "one of several additional rules must now be met")];
  if (was) return [compatible(place, "union-removed", "several additional rules no longer apply")];
  return [];
}

function innerUnion(node: Schema): Schema | undefined {
  if ("anyOf" in node) return { anyOf: node.anyOf };
  return "oneOf" in node ? { oneOf: node.oneOf } : undefined;
}

function compareKeywords(old: Schema, next: Schema, place: Place): Change[] {
  return [
    ...compareTypes(old, next, place),
    ...compareBounds(old, next, place),
    ...compareObject(old, next, place),
    ...compareArray(old, next, place),
    ...compareUnknown(old, next, place),
  ];
}

/**
 * An unknown keyword may mean anything, so any change to it, or to a definition that it refers to, counts as breaking.
 */
function compareUnknown(old: Schema, next: Schema, place: Place): Change[] {
  const keywords = new Set([...Object.keys(old), ...Object.keys(next)]);
  // If a node has both `anyOf` and `oneOf`, only `anyOf` is compared; `oneOf` counts as an unknown keyword.
  const second = (key: string) => key === "oneOf" && ("anyOf" in old || "anyOf" in next);
  return [...keywords]
    .filter((key) => second(key) || !(UNDERSTOOD.has(key) || ANNOTATIONS.has(key) || IDENTITY.has(key)))
    .filter((key) => expanded(old[key], place.old) !== expanded(next[key], place.next))
    .map((key) =>
      breaking(place, "unknown-keyword-changed", `${key} was ${shown(old[key])}, is ${shown(next[key])}`),
    );
}

function compareDefaults(old: unknown, next: unknown, place: Place): Change[] {
  if (canonical(old) === canonical(next)) return [];
  if (old === undefined) return [compatible(place, "default-added", `is ${shown(next)}`)];
  if (next === undefined) return [breaking(place, "default-removed", `was ${shown(old)}`)];
  return [breaking(place, "default-changed", `was ${shown(old)}, is ${shown(next)}`)];
}
