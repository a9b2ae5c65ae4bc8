import { breaking, type Change, compatible, type Place } from "./change.ts";
import {
  ANYTHING,
  admitsNothing,
  asSchema,
  canonical,
  entriesOf,
  isFree,
  type Schema,
  stringsOf,
} from "./schema.ts";
import { matches } from "./values.ts";

/** Compares the fields of two object schemas: declared, required, matched by pattern, and undeclared. */
export function compareObject(old: Schema, next: Schema, place: Place): Change[] {
  return [
    ...compareFields(old, next, place),
    ...compareRequired(old, next, place),
    ...comparePatternFields(old, next, place),
    ...compareOpenness(old, next, "additionalProperties", place),
    ...compareOpenness(old, next, "unevaluatedProperties", place),
  ];
}

function compareFields(old: Schema, next: Schema, place: Place): Change[] {
  const before = entriesOf(old.properties);
  const after = entriesOf(next.properties);
  const demanded = new Set(stringsOf(next.required));
  const added = [...after].filter(([name]) => !before.has(name));
  const changes: Change[] = [];
  for (const [name, field] of before) {
    if (after.has(name)) changes.push(...place.compare(field, after.get(name), "properties", name));
    else {
      const twin = added.find(([, candidate]) => canonical(candidate) === canonical(field));
      const hint = twin ? `; was it renamed to ${twin[0]}?` : "";
      const where = place.below("properties", name);
      changes.push(breaking(where, "property-removed", `field ${name} was removed${hint}`));
    }
  }
  for (const [name, field] of added) {
    const where = place.below("properties", name);
    const wasDemanded = stringsOf(old.required).includes(name);
    if (demanded.has(name) && !wasDemanded) {
      changes.push(breaking(where, "required-property-added", `field ${name} is new and required`));
      continue;
    }
    const catchAll = catchAllFor(old, name) ?? (wasDemanded ? ANYTHING : undefined);
    const differences = catchAll ? place.compare(catchAll, field, "properties", name) : [];
    const clashes = differences.filter((change) => change.level === "breaking");
    if (clashes.length > 0) changes.push(...clashes);
    else changes.push(compatible(where, "optional-property-added", `field ${name} is new and optional`));
  }
  return changes;
}

/** Returns the rule that an undeclared field had to meet; undefined if the field was unrestricted or forbidden. */
function catchAllFor(node: Schema, name: string): Schema | undefined {
  const byPattern = [...entriesOf(node.patternProperties)].find(([pattern]) => matches(pattern, name));
  const rule = asSchema(byPattern ? byPattern[1] : node.additionalProperties);
  return isFree(rule) || admitsNothing(rule) ? undefined : rule;
}

function compareRequired(old: Schema, next: Schema, place: Place): Change[] {
  const before = new Set(stringsOf(old.required));
  const after = new Set(stringsOf(next.required));
  const wasField = entriesOf(old.properties);
  const isField = entriesOf(next.properties);
  // compareFields already reports added and removed fields.
  const came = (name: string) => isField.has(name) && !wasField.has(name);
  const went = (name: string) => wasField.has(name) && !isField.has(name);
  const demanded = [...after].filter((name) => !before.has(name) && !came(name));
  const released = [...before].filter((name) => !after.has(name) && !went(name));
  return [
    ...demanded.map((name) =>
      breaking(
        place.below("properties", name),
        "property-made-required",
        `field ${name} was optional, is required`,
      ),
    ),
    ...released.map((name) =>
      compatible(
        place.below("properties", name),
        "property-made-optional",
        `field ${name} was required, is optional`,
      ),
    ),
  ];
}

function comparePatternFields(old: Schema, next: Schema, place: Place): Change[] {
  const before = entriesOf(old.patternProperties);
  const after = entriesOf(next.patternProperties);
  const wasClosed = admitsNothing(asSchema(old.additionalProperties));
  const wasOpen = isFree(asSchema(old.additionalProperties));
  const isOpen = isFree(asSchema(next.additionalProperties));
  const changes: Change[] = [];
  for (const [pattern, rule] of before) {
    if (after.has(pattern))
      changes.push(...place.compare(rule, after.get(pattern), "patternProperties", pattern));
    // In an open object, removing a rule that admits every value changes nothing.
    else if (!(isOpen && isFree(asSchema(rule)))) {
      const where = place.below("patternProperties", pattern);
      changes.push(breaking(where, "pattern-properties-removed", `fields matching ${pattern} were removed`));
    }
  }
  for (const [pattern, rule] of [...after].filter(([name]) => !before.has(name))) {
    if (wasOpen && isFree(asSchema(rule))) continue;
    const where = place.below("patternProperties", pattern);
    if (wasClosed)
      changes.push(
        compatible(where, "pattern-properties-added", `fields matching ${pattern} are now admitted`),
      );
    else
      changes.push(
        breaking(
          where,
          "pattern-properties-added",
          `fields matching ${pattern} had no rule and now have one`,
        ),
      );
  }
  return changes;
}

function compareOpenness(old: Schema, next: Schema, keyword: string, place: Place): Change[] {
  const before = asSchema(old[keyword]);
  const after = asSchema(next[keyword]);
  const where = place.below(keyword);
  const wasClosed = admitsNothing(before);
  const isClosed = admitsNothing(after);
  if (wasClosed && isClosed) return [];
  if (isClosed)
    return [breaking(where, "additional-properties-forbidden", "additional fields are no longer admitted")];
  if (wasClosed)
    return [compatible(where, "additional-properties-allowed", "additional fields are now admitted")];
  if (isFree(before) && isFree(after)) return [];
  if (isFree(before))
    return [breaking(where, "additional-properties-restricted", "additional fields must now meet a rule")];
  if (isFree(after))
    return [
      compatible(where, "additional-properties-freed", "additional fields no longer need to meet a rule"),
    ];
  return place.compare(before, after, keyword);
}
