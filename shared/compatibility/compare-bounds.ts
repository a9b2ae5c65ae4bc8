import { breaking, type Change, compatible, type Place, shown } from "./change.ts";
import type { Schema } from "./schema.ts";

type Edge = { readonly value: number; readonly exclusive: boolean };

const COUNTS = [
  ["minLength", "maxLength", "length"],
  ["minItems", "maxItems", "items"],
  ["minProperties", "maxProperties", "properties"],
] as const;

/** Compares every limit on size, value and text. A tighter limit is breaking; a looser one is compatible. */
export function compareBounds(old: Schema, next: Schema, place: Place): Change[] {
  const counts = COUNTS.flatMap(([min, max, name]) => [
    ...compareLower(countEdge(old[min], true), countEdge(next[min], true), `min-${name}`, place),
    ...compareUpper(countEdge(old[max], false), countEdge(next[max], false), `max-${name}`, place),
  ]);
  return [
    ...counts,
    ...compareLower(lowerEdge(old), lowerEdge(next), "minimum", place),
    ...compareUpper(upperEdge(old), upperEdge(next), "maximum", place),
    ...compareMultiple(multipleOf(old), multipleOf(next), place),
    ...compareText(old.pattern, next.pattern, "pattern", place),
    ...compareText(old.format, next.format, "format", place),
    ...compareUnique(old.uniqueItems === true, next.uniqueItems === true, place),
  ];
}

function compareLower(old: Edge | undefined, next: Edge | undefined, name: string, place: Place): Change[] {
  if (!old && !next) return [];
  if (!old) return [breaking(place, `${name}-added`, `was unrestricted, is ${edge(next)}`)];
  if (!next) return [compatible(place, `${name}-removed`, `was ${edge(old)}, is unrestricted`)];
  const step = compareEdges(old, next, 1);
  if (step > 0) return [breaking(place, `${name}-raised`, `was ${edge(old)}, is ${edge(next)}`)];
  if (step < 0) return [compatible(place, `${name}-lowered`, `was ${edge(old)}, is ${edge(next)}`)];
  return [];
}

function compareUpper(old: Edge | undefined, next: Edge | undefined, name: string, place: Place): Change[] {
  if (!old && !next) return [];
  if (!old) return [breaking(place, `${name}-added`, `was unrestricted, is ${edge(next)}`)];
  if (!next) return [compatible(place, `${name}-removed`, `was ${edge(old)}, is unrestricted`)];
  const step = compareEdges(old, next, -1);
  if (step < 0) return [breaking(place, `${name}-lowered`, `was ${edge(old)}, is ${edge(next)}`)];
  if (step > 0) return [compatible(place, `${name}-raised`, `was ${edge(old)}, is ${edge(next)}`)];
  return [];
}

/** Positive if the new edge is higher. An exclusive edge lies just beyond its value in the direction `inward`. */
function compareEdges(old: Edge, next: Edge, inward: 1 | -1): number {
  if (old.value !== next.value) return next.value - old.value;
  return (Number(next.exclusive) - Number(old.exclusive)) * inward;
}

function countEdge(value: unknown, lower: boolean): Edge | undefined {
  // A minimum of 0 excludes nothing.
  if (typeof value !== "number" || (lower && value <= 0)) return undefined;
  return { value, exclusive: false };
}

function lowerEdge(node: Schema): Edge | undefined {
  const edges = edgesOf(node.minimum, node.exclusiveMinimum);
  const tightest = edges.sort((a, b) => b.value - a.value || Number(b.exclusive) - Number(a.exclusive))[0];
  if (!tightest || node.type !== "integer") return tightest;
  // For integers, `> 0` and `>= 1` are the same.
  const value = tightest.exclusive ? Math.floor(tightest.value) + 1 : Math.ceil(tightest.value);
  return { value, exclusive: false };
}

function upperEdge(node: Schema): Edge | undefined {
  const edges = edgesOf(node.maximum, node.exclusiveMaximum);
  const tightest = edges.sort((a, b) => a.value - b.value || Number(b.exclusive) - Number(a.exclusive))[0];
  if (!tightest || node.type !== "integer") return tightest;
  const value = tightest.exclusive ? Math.ceil(tightest.value) - 1 : Math.floor(tightest.value);
  return { value, exclusive: false };
}

function edgesOf(inclusive: unknown, exclusive: unknown): Edge[] {
  const edges: Edge[] = [];
  if (typeof inclusive === "number") edges.push({ value: inclusive, exclusive: false });
  if (typeof exclusive === "number") edges.push({ value: exclusive, exclusive: true });
  return edges;
}

function multipleOf(node: Schema): number | undefined {
  if (typeof node.multipleOf !== "number" || (node.type === "integer" && node.multipleOf === 1))
    return undefined;
  return node.multipleOf;
}

function compareMultiple(old: number | undefined, next: number | undefined, place: Place): Change[] {
  if (old === next) return [];
  if (old === undefined) return [breaking(place, "multiple-of-added", `was unrestricted, is ${next}`)];
  if (next === undefined) return [compatible(place, "multiple-of-removed", `was ${old}, is unrestricted`)];
  // Steps such as 0.01 have no exact binary form, so a ratio that should be whole may be slightly off.
  const ratio = old / next;
  const looser = Math.abs(ratio - Math.round(ratio)) < 1e-9 && Math.round(ratio) > 0;
  if (looser) return [compatible(place, "multiple-of-loosened", `was ${old}, is ${next}`)];
  return [breaking(place, "multiple-of-tightened", `was ${old}, is ${next}`)];
}

/** Compares patterns or formats. Any change is breaking: the check cannot tell whether one pattern includes another. */
function compareText(old: unknown, next: unknown, name: string, place: Place): Change[] {
  if (old === next) return [];
  if (old === undefined) return [breaking(place, `${name}-added`, `was unrestricted, is ${shown(next)}`)];
  if (next === undefined) return [compatible(place, `${name}-removed`, `was ${shown(old)}, is unrestricted`)];
  return [breaking(place, `${name}-changed`, `was ${shown(old)}, is ${shown(next)}`)];
}

function compareUnique(old: boolean, next: boolean, place: Place): Change[] {
  if (old === next) return [];
  if (next) return [breaking(place, "unique-items-added", "items must now be unique")];
  return [compatible(place, "unique-items-removed", "items may now repeat")];
}

function edge(at: Edge | undefined): string {
  return at?.exclusive ? `${at.value} (exclusive)` : `${at?.value}`;
}
