import { breaking, type Change, compatible, type Place, shown } from "./change.ts";
import { nullAllowed, nullForbidden } from "./json-types.ts";
import { canonical, type Schema } from "./schema.ts";
import { admits } from "./values.ts";

/** Compares two lists of values; what `stillIn` or `alreadyIn` vouches for counts as neither lost nor gained. */
export function compareValues(
  old: readonly unknown[],
  next: readonly unknown[],
  place: Place,
  stillIn: (value: unknown) => boolean = () => false,
  alreadyIn: (value: unknown) => boolean = () => false,
): Change[] {
  const before = new Set(old.map(canonical));
  const after = new Set(next.map(canonical));
  const lost = old.filter((value) => !after.has(canonical(value)) && !stillIn(value));
  const gained = next.filter((value) => !before.has(canonical(value)) && !alreadyIn(value));
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

/** A list of values gave way to a rule: those of its values that the rule does not admit are lost. */
export function compareOpened(old: readonly unknown[], next: Schema, place: Place): Change[] {
  const kept = (value: unknown) => admits(next, value, place.next);
  return [
    ...compareValues(old, [], place, kept),
    compatible(place, "enum-removed", `was one of ${shown(old)}, is no longer limited to a list`),
  ];
}

/** A rule gave way to a list of values: whatever is not on the list is lost. */
export function compareListed(next: readonly unknown[], place: Place): Change[] {
  return [breaking(place, "enum-added", `was not limited to a list, is one of ${shown(next)}`)];
}
