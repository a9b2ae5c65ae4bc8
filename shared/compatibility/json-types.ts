import { breaking, type Change, compatible, type Place } from "./change.ts";
import { type Schema, stringsOf } from "./schema.ts";

const ALL = ["null", "boolean", "object", "array", "number", "string"];

/** Returns the JSON types that a node's own `type` allows; all of them if it has no `type`. */
export function typesOf(node: Schema): Set<string> {
  if (typeof node.type === "string") return new Set([node.type]);
  return new Set(Array.isArray(node.type) ? stringsOf(node.type) : ALL);
}

/** Returns a value's narrowest JSON type. */
export function typeOfValue(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

/** Whether a set of types includes a type. Every integer is a number. */
export function covers(types: ReadonlySet<string>, type: string): boolean {
  return types.has(type) || (type === "integer" && types.has("number"));
}

/** Whether two sets of types have no value in common. */
export function apart(left: ReadonlySet<string>, right: ReadonlySet<string>): boolean {
  return ![...left].some((type) => covers(right, type)) && ![...right].some((type) => covers(left, type));
}

/** Compares two nodes' types. Losing a type is breaking and gaining one is compatible; null has its own rules. */
export function compareTypes(old: Schema, next: Schema, place: Place): Change[] {
  const before = typesOf(old);
  const after = typesOf(next);
  const lost = [...before].filter((type) => !covers(after, type));
  const gained = [...after].filter((type) => !covers(before, type));
  const changes: Change[] = [];
  // A change concerning null is reported separately, but only if both versions have a `type`.
  const named = old.type !== undefined && next.type !== undefined;
  const others = (types: string[]) => types.filter((type) => !(named && type === "null"));
  const was = old.type === undefined ? "anything" : [...before].join(" or ");
  const is = next.type === undefined ? "anything" : [...after].join(" or ");
  if (others(lost).length > 0) changes.push(breaking(place, "type-narrowed", `was ${was}, is ${is}`));
  if (others(gained).length > 0) changes.push(compatible(place, "type-widened", `was ${was}, is ${is}`));
  if (others(lost).length < lost.length) changes.push(nullForbidden(place));
  if (others(gained).length < gained.length) changes.push(nullAllowed(place));
  return changes;
}

export function nullForbidden(place: Place): Change {
  return breaking(place, "null-forbidden", "null was admitted and no longer is");
}

export function nullAllowed(place: Place): Change {
  return compatible(place, "null-allowed", "null is admitted now");
}
