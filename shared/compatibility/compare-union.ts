import { anyBreaking, breaking, type Change, compatible, type Place } from "./change.ts";
import { compareValues } from "./compare-values.ts";
import { expanded, isComparedAtHome, type Side } from "./document.ts";
import { canonical, type Schema } from "./schema.ts";
import { admits, areDistinct, choicesOf, mayOverlap, plain, valuesOf } from "./values.ts";

interface Pair {
  readonly was: Schema;
  readonly is: Schema;
  readonly changes: Change[];
  readonly cost: number;
}

/**
 * Compares two versions of a choice (`anyOf`, `oneOf`); any other schema counts as a choice with one branch. Branches
 * that may admit the same value (by type, tag or listed values) are paired, starting with the pair that differs least.
 */
export function compareUnion(old: Schema, next: Schema, place: Place): Change[] {
  const keyword = "oneOf" in next || (!("anyOf" in next) && "oneOf" in old) ? "oneOf" : "anyOf";
  const steps = (index: number) => (choicesOf(next) ? [keyword, index] : []);
  const shared = sharedRefs(old, next);
  const before = branchesOf(old, place.old, shared);
  const after = branchesOf(next, place.next, shared);
  const open = (branch: Schema) => !(typeof branch.$ref === "string" && shared.has(branch.$ref));
  const changes = [
    // If both versions have a reference, its target is compared elsewhere; here it only has to resolve in both
    // versions.
    ...[...shared].flatMap(($ref) => place.compare({ $ref }, { $ref })),
    ...compareListed(before.filter(open), after.filter(open), before, after, place),
    ...compareBranches(before.filter(open), after.filter(open), after, steps, place),
  ];
  return [...changes, ...compareExclusiveness(old, next, before, after, changes, place)];
}

/** Compares all branches that list values as one list, because a choice of literals is an enum. */
function compareListed(
  oldOpen: Schema[],
  nextOpen: Schema[],
  before: Schema[],
  after: Schema[],
  place: Place,
): Change[] {
  // A branch that is identical on both sides needs no comparison.
  const texts = new Set(nextOpen.map(canonical));
  const alike = new Set(oldOpen.map(canonical).filter((text) => texts.has(text) && !text.includes('"$ref"')));
  const listed = (branches: Schema[], side: Side) =>
    branches
      .filter((branch) => !alike.has(canonical(branch)))
      .flatMap((branch) => valuesOf(branch, side) ?? []);
  const was = listed(oldOpen, place.old);
  const is = listed(nextOpen, place.next);
  return compareValues(
    was,
    is,
    place,
    (value) => after.some((branch) => admits(branch, value, place.next)),
    (value) => before.some((branch) => admits(branch, value, place.old)),
  );
}

function compareBranches(
  old: Schema[],
  next: Schema[],
  all: Schema[],
  steps: (index: number) => (string | number)[],
  place: Place,
): Change[] {
  const before = old.filter((branch) => !valuesOf(branch, place.old));
  const after = next.filter((branch) => !valuesOf(branch, place.next));
  const pairs: Pair[] = before.flatMap((was, wasIndex) =>
    after
      .filter((is) => mayOverlap(was, place.old, is, place.next))
      .map((is) => {
        const changes = place.compare(was, is, ...steps(all.indexOf(is)));
        const breaks = changes.filter((change) => anyBreaking([change])).length;
        // Breaking changes weigh most, then the total number of changes, then how far the branch's position in the list
        // changed.
        return {
          was,
          is,
          changes,
          cost: breaks * 1e6 + changes.length * 1e3 + Math.abs(after.indexOf(is) - wasIndex),
        };
      }),
  );
  const settled = new Set<Schema>();
  const changes: Change[] = [];
  for (const pair of pairs.sort((a, b) => a.cost - b.cost)) {
    if (settled.has(pair.was) || settled.has(pair.is)) continue;
    settled.add(pair.was).add(pair.is);
    changes.push(...pair.changes);
  }
  for (const was of before.filter((branch) => !settled.has(branch))) {
    // Removing a branch changes nothing if a remaining branch admits all of its values.
    const takenIn = all.some((is) => !anyBreaking(place.compare(was, is)));
    if (!takenIn)
      changes.push(breaking(place, "union-branch-removed", `a choice was removed: ${named(was, place.old)}`));
  }
  for (const is of after.filter((branch) => !settled.has(branch))) {
    const where = place.below(...steps(all.indexOf(is)));
    changes.push(compatible(where, "union-branch-added", `a choice was added: ${named(is, place.next)}`));
  }
  return changes;
}

/**
 * `oneOf` refuses a value that two branches admit. If branches may overlap, widening one can therefore make a valid
 * value invalid.
 */
function compareExclusiveness(
  old: Schema,
  next: Schema,
  before: Schema[],
  after: Schema[],
  changes: Change[],
  place: Place,
): Change[] {
  const wasExclusive = "oneOf" in old && !areDistinct(before, place.old);
  const isExclusive = "oneOf" in next && !areDistinct(after, place.next);
  if (isExclusive && !wasExclusive) {
    return [breaking(place, "union-made-exclusive", "is now a oneOf whose branches may overlap")];
  }
  if (wasExclusive && !isExclusive) {
    return [compatible(place, "union-made-inclusive", "is no longer a oneOf whose branches may overlap")];
  }
  const texts = (branches: Schema[], side: Side) =>
    branches
      .map((branch) => expanded(branch, side))
      .sort()
      .join();
  const differs = changes.length > 0 || texts(before, place.old) !== texts(after, place.next);
  if (!isExclusive || !differs || anyBreaking(changes)) return [];
  return [
    breaking(place, "one-of-may-overlap", "a oneOf branch may now admit a value that another branch admits"),
  ];
}

function sharedRefs(old: Schema, next: Schema): Set<string> {
  const before = new Set(refsIn(old));
  return new Set(refsIn(next).filter((ref) => before.has(ref) && isComparedAtHome(ref)));
}

function refsIn(node: Schema): string[] {
  return (choicesOf(node) ?? [node]).flatMap((branch) =>
    typeof branch.$ref === "string" && Object.keys(branch).length === 1 ? [branch.$ref] : [],
  );
}

/** Returns a choice's branches, with nested choices flattened and nodes of several types split by type. */
function branchesOf(
  node: Schema,
  side: Side,
  shared: ReadonlySet<string>,
  within = "",
  nesting = 0,
): Schema[] {
  if (typeof node.$ref === "string" && shared.has(node.$ref)) return [node];
  const target = plain(node, side);
  const choices = choicesOf(target);
  if (choices && nesting < 16) {
    const keyword = "oneOf" in target ? "oneOf" : "anyOf";
    // The meaning of `oneOf` depends on overlaps between its branches, so it is flattened only if there are none.
    const flat = within === "" || (within === "anyOf" && keyword === "anyOf") || areDistinct(choices, side);
    if (!flat) return [node];
    return choices.flatMap((branch) => branchesOf(branch, side, shared, keyword, nesting + 1));
  }
  if (!Array.isArray(target.type) || "enum" in target || "const" in target) return [node];
  return target.type.map((type) => (type === "null" ? { type } : { ...target, type }));
}

function named(branch: Schema, side: Side): string {
  if (typeof branch.$ref === "string") return branch.$ref;
  const target = plain(branch, side);
  const title = typeof target.title === "string" ? target.title : canonical(target);
  return title.length > 80 ? `${title.slice(0, 77)}...` : title;
}
