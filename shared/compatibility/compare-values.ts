import { breaking, type Change, compatible, type Place, shown } from "./change.ts";
import { nullAllowed, nullForbidden } from "./json-types.ts";
import { canonical, type Schema, without } from "./schema.ts";
import { admits } from "./values.ts";

/**
 * Compares two lists of values. An old value for which `kept` is false is reported as removed, and a new value for
 * which `known` is false as added.
 */
export function compareValues(
  old: readonly unknown[],
  next: readonly unknown[],
  place: Place,
  kept: (value: unknown) => boolean,
  known: (value: unknown) => boolean,
): Change[] {
  const lost = old.filter((value) => !kept(value));
  const gained = next.filter((value) => !known(value));
  const changes: Change[] = [];
  const lostOthers = lost.filter((value) => value !== null);
  const gainedOthers = gained.filter((value) => value !== null);
  if (lostOthers.length > 0) {
    changes.push(
      breaking(place, "enum-value-removed", `no longer admitted: ${lostOthers.map(shown).join(", ")}`),
    );
  }
  if (gainedOthers.length > 0) {
    changes.push(
      compatible(place, "enum-value-added", `newly admitted: ${gainedOthers.map(shown).join(", ")}`),
    );
  }
  if (lostOthers.length < lost.length) changes.push(nullForbidden(place));
  if (gainedOthers.length < gained.length) changes.push(nullAllowed(place));
  return changes;
}

/** Compares two schemas that both list their values, taking the rest of their rules into account. */
export function compareLists(
  old: Schema,
  was: readonly unknown[],
  next: Schema,
  is: readonly unknown[],
  place: Place,
): Change[] {
  const rest = (node: Schema) => canonical(without(node, "const" in node ? "const" : "enum"));
  if (rest(old) !== rest(next)) {
    const kept = (value: unknown) => admits(next, value, place.next);
    return compareValues(was, is, place, kept, (value) => admits(old, value, place.old));
  }
  // If the other rules are identical, comparing the lists is enough.
  const before = new Set(was.map(canonical));
  const after = new Set(is.map(canonical));
  const kept = (value: unknown) => after.has(canonical(value));
  return compareValues(was, is, place, kept, (value) => before.has(canonical(value)));
}

/**
 * Compares a list of values with the schema that replaced it, which lists none. Values that the schema does not admit
 * are reported as removed.
 */
export function compareOpened(old: readonly unknown[], next: Schema, place: Place): Change[] {
  const kept = (value: unknown) => admits(next, value, place.next);
  return [
    ...compareValues(old, [], place, kept, () => true),
    compatible(place, "enum-removed", `was one of ${shown(old)}, is no longer limited to a list`),
  ];
}

/** Reports that a schema now lists its values: it refuses every other value that it admitted before. */
export function compareListed(next: readonly unknown[], place: Place): Change[] {
  return [breaking(place, "enum-added", `was not limited to a list, is one of ${shown(next)}`)];
}
