import type { Level } from "./change.ts";

/** The version assumed for a schema whose own version is missing or malformed. */
export const NO_VERSION = "0.0.0";

export type Bump = "back" | "none" | "patch" | "minor" | "major";

const VERSION = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/;

/** Whether a value has the form MAJOR.MINOR.PATCH; contracts have no pre-releases. */
export function isVersion(value: unknown): value is string {
  return typeof value === "string" && VERSION.test(value);
}

/**
 * Returns the most significant part that differs between two versions, `none` if they are equal, or `back` if the
 * version decreased.
 */
export function bumpBetween(old: string, next: string): Bump {
  const before = numbersOf(old);
  const after = numbersOf(next);
  for (const [index, bump] of (["major", "minor", "patch"] as const).entries()) {
    const step = (after[index] ?? 0) - (before[index] ?? 0);
    if (step !== 0) return step > 0 ? bump : "back";
  }
  return "none";
}

/** Whether a bump is large enough for a change. A breaking change needs a new major version, even below 1.0.0. */
export function satisfies(bump: Bump, level: Level): boolean {
  return bump === "major" || (bump === "minor" && level === "compatible");
}

/** Returns the lowest version that is high enough for a change. */
export function wanted(old: string, level: Level): string {
  const [major = 0, minor = 0] = numbersOf(old);
  return level === "breaking" ? `${major + 1}.0.0` : `${major}.${minor + 1}.0`;
}

function numbersOf(version: string): number[] {
  return version.split(".").map(Number);
}
