import { breaking, type Change, compatible, type Place } from "./change.ts";
import { admitsNothing, asSchema, type Schema } from "./schema.ts";

/** An array schema's item rules: one for each fixed position, and one for all later items. */
interface Items {
  readonly leading: readonly Schema[];
  readonly rest: Schema;
  readonly leadingKeyword: string;
  readonly restKeyword: string;
}

/** Compares the item rules of two array schemas, position by position. */
export function compareArray(old: Schema, next: Schema, place: Place): Change[] {
  const before = itemsOf(old);
  const after = itemsOf(next);
  const form = after.leading.length >= before.leading.length ? after : before;
  const changes: Change[] = [];
  for (let index = 0; index < form.leading.length; index += 1) {
    const was = before.leading[index] ?? before.rest;
    const is = after.leading[index] ?? after.rest;
    const where = place.below(form.leadingKeyword, index);
    if (admitsNothing(was) && admitsNothing(is)) continue;
    if (admitsNothing(is))
      changes.push(breaking(where, "tuple-item-removed", `item ${index} is no longer admitted`));
    else if (admitsNothing(was))
      changes.push(compatible(where, "tuple-item-added", `item ${index} is now admitted`));
    else changes.push(...place.compare(was, is, form.leadingKeyword, index));
  }
  return [...changes, ...compareRest(before.rest, after.rest, form.restKeyword, place)];
}

function compareRest(before: Schema, after: Schema, keyword: string, place: Place): Change[] {
  const where = place.below(keyword);
  const wasClosed = admitsNothing(before);
  const isClosed = admitsNothing(after);
  if (wasClosed && isClosed) return [];
  if (isClosed)
    return [breaking(where, "additional-items-forbidden", "additional items are no longer admitted")];
  if (wasClosed) return [compatible(where, "additional-items-allowed", "additional items are now admitted")];
  return place.compare(before, after, keyword);
}

/** Reads both spellings of a tuple: `prefixItems` with `items`, and a list in `items` with `additionalItems`. */
function itemsOf(node: Schema): Items {
  if (Array.isArray(node.items)) {
    const rest = asSchema(node.additionalItems);
    return {
      leading: node.items.map(asSchema),
      rest,
      leadingKeyword: "items",
      restKeyword: "additionalItems",
    };
  }
  const leading = Array.isArray(node.prefixItems) ? node.prefixItems.map(asSchema) : [];
  return { leading, rest: asSchema(node.items), leadingKeyword: "prefixItems", restKeyword: "items" };
}
