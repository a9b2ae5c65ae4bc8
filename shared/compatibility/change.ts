import type { Side } from "./document.ts";

/** How large a version step a change needs: major for `breaking`, minor for `compatible`. */
export type Level = "breaking" | "compatible";

/** One difference between two versions of a schema that matters to a reader or writer of the data. */
export interface Change {
  /** The schema's name: its file name without `.json`. */
  readonly schema: string;
  /** The position in the schema, after merging its `allOf` schemas, as a JSON Pointer; empty at the root. */
  readonly path: string;
  /** A stable code for the kind of change, such as `property-removed`. */
  readonly rule: string;
  readonly level: Level;
  readonly message: string;
}

/** A position in a comparison: its path, both versions, and functions that go to positions below it. */
export interface Place {
  readonly schema: string;
  readonly path: string;
  readonly old: Side;
  readonly next: Side;
  /** Compares two schemas (or booleans) found `steps` below this place. */
  compare(old: unknown, next: unknown, ...steps: (string | number)[]): Change[];
  /** Returns the place `steps` below this one. */
  below(...steps: (string | number)[]): Place;
}

/** Creates a change that needs a new major version. */
export function breaking(place: Place, rule: string, message: string): Change {
  return { schema: place.schema, path: place.path, rule, level: "breaking", message };
}

/** Creates a change that needs a new minor version. */
export function compatible(place: Place, rule: string, message: string): Change {
  return { schema: place.schema, path: place.path, rule, level: "compatible", message };
}

export function anyBreaking(changes: readonly Change[]): boolean {
  return changes.some((change) => change.level === "breaking");
}

/** Formats a value for a message: JSON, truncated to 80 characters. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
