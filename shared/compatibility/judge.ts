import type { Change } from "./change.ts";
import { createComparison } from "./compare-node.ts";
import { createSide, type Resolve } from "./document.ts";
import { entriesOf, type Schema } from "./schema.ts";
import { bumpBetween, isVersion, NO_VERSION, satisfies, wanted } from "./version.ts";

export type { Change, Level } from "./change.ts";
export type { Schema } from "./schema.ts";

/** The name prefix of payload schemas. Such a schema may be removed, because it disappears with its job type's file. */
const JOB_TYPE = "job-type.";

/** Schema documents by name: the file name without `.json`. */
export type SchemaSet = ReadonlyMap<string, Schema>;

/** A violation of the versioning rules: the schema, the place in it, and the rule. */
export interface Violation {
  readonly schema: string;
  readonly path: string;
  /**
   * The rule of the underlying change, or one of `version-malformed`, `version-went-back`, `id-changed`,
   * `id-not-unique`.
   */
  readonly rule: string;
  readonly message: string;
  /** The change without a matching version bump; absent if `$id` or `$version` itself is wrong. */
  readonly change?: Change;
}

/** Functions that find a referenced document by its `$id`, and the name of the schema in the reported changes. */
export interface CompareOptions {
  readonly resolveOld?: Resolve;
  readonly resolveNew?: Resolve;
  readonly name?: string;
}

/**
 * Returns every difference between two versions of a schema that matters to its readers and writers. References to
 * another file are not followed, because changes there are found when that file is compared. If in doubt, a change is
 * reported as breaking.
 */
export function compareSchemas(oldSchema: Schema, newSchema: Schema, options: CompareOptions = {}): Change[] {
  const old = createSide(oldSchema, options.resolveOld ?? (() => undefined));
  const next = createSide(newSchema, options.resolveNew ?? (() => undefined));
  const compare = createComparison(options.name ?? nameOf(newSchema), old, next);
  const changes = compare(old.root, next.root, "");
  for (const keyword of ["$defs", "definitions"]) {
    const after = entriesOf(next.root[keyword]);
    // An added or removed definition matters only through references to it, which are followed.
    for (const [name, definition] of entriesOf(old.root[keyword])) {
      if (after.has(name)) changes.push(...compare(definition, after.get(name), `/${keyword}/${name}`));
    }
  }
  const distinct = new Map(
    changes.map((change) => [`${change.path} ${change.rule} ${change.message}`, change]),
  );
  return [...distinct.values()];
}

/** Compares two sets of schemas and checks every change against the `$version` of its own file. */
export function judge(oldSet: SchemaSet, newSet: SchemaSet): { violations: Violation[]; changes: Change[] } {
  const resolveOld = finderIn(oldSet);
  const resolveNew = finderIn(newSet);
  const changes: Change[] = [];
  const violations: Violation[] = [];
  for (const name of [...new Set([...oldSet.keys(), ...newSet.keys()])].sort()) {
    const old = oldSet.get(name);
    const next = newSet.get(name);
    if (next) violations.push(...judgeIdentity(name, old, next, newSet));
    if (old && next) {
      const found = compareSchemas(old, next, { resolveOld, resolveNew, name });
      changes.push(...found);
      violations.push(...judgeVersion(name, old.$version, next.$version, found));
    } else if (next) {
      changes.push({
        schema: name,
        path: "",
        rule: "schema-added",
        level: "compatible",
        message: "a new schema",
      });
    } else if (name.startsWith(JOB_TYPE)) {
      const message = "the job type was removed; its waiting jobs have no worker";
      changes.push({ schema: name, path: "", rule: "job-type-removed", level: "breaking", message });
    } else {
      const message =
        "the schema was removed, so no version records the change; keep the schema and mark it as deprecated";
      const change = { schema: name, path: "", rule: "schema-removed", level: "breaking", message } as const;
      changes.push(change);
      violations.push({ schema: name, path: "", rule: change.rule, message, change });
    }
  }
  return { violations, changes };
}

function judgeIdentity(name: string, old: Schema | undefined, next: Schema, newSet: SchemaSet): Violation[] {
  const violations: Violation[] = [];
  const report = (path: string, rule: string, message: string) =>
    violations.push({ schema: name, path, rule, message });
  if (!isVersion(next.$version)) {
    report("/$version", "version-malformed", `is ${JSON.stringify(next.$version)}, wanted MAJOR.MINOR.PATCH`);
  }
  if (old && old.$id !== next.$id)
    report("/$id", "id-changed", `was ${old.$id}, is ${next.$id}; an $id must never change`);
  const twin = [...newSet].find(([other, schema]) => other !== name && schema.$id === next.$id);
  if (next.$id === undefined)
    report("/$id", "id-not-unique", "is missing, so nothing can refer to this schema");
  else if (twin) report("/$id", "id-not-unique", `is ${next.$id}, as in ${twin[0]}`);
  return violations;
}

function judgeVersion(name: string, old: unknown, next: unknown, changes: Change[]): Violation[] {
  if (!isVersion(next)) return [];
  // A malformed old version counts as 0.0.0, so correcting it is never a decrease.
  const before = isVersion(old) ? old : NO_VERSION;
  const bump = bumpBetween(before, next);
  if (bump === "back") {
    const message = `was ${before}, is ${next}; a version must not decrease`;
    return [{ schema: name, path: "/$version", rule: "version-went-back", message }];
  }
  return changes
    .filter((change) => !satisfies(bump, change.level))
    .map((change) => ({
      schema: name,
      path: change.path,
      rule: change.rule,
      message: `${change.message}; ${change.level}, so $version ${next} must be at least ${wanted(before, change.level)}`,
      change,
    }));
}

function finderIn(set: SchemaSet): Resolve {
  const byId = new Map([...set.values()].map((schema) => [schema.$id, schema]));
  return (id) => byId.get(id);
}

function nameOf(schema: Schema): string {
  const id = typeof schema.$id === "string" ? schema.$id : "schema";
  return id.replace(/^.*\//, "").replace(/\.json#?$/, "");
}
