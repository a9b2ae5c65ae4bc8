import type { TSchema } from "@sinclair/typebox";
import { publication } from "./schema.ts";

/**
 * A copy of a schema as plain JSON in which every published schema inside it is a `$ref`.
 * `toRef` makes the reference from the published name; `onReference` is told of each, so that a document can include it.
 */
export function withReferences(
  schema: TSchema,
  toRef: (name: string) => string,
  onReference: (schema: TSchema) => void = () => undefined,
): Record<string, unknown> {
  const copy = (value: unknown, isRoot: boolean): unknown => {
    if (Array.isArray(value)) return value.map((item) => copy(item, false));
    if (typeof value !== "object" || value === null) return value;
    if (!isRoot && "$version" in value) {
      const inner = value as unknown as TSchema;
      onReference(inner);
      return { $ref: toRef(publication(inner).name) };
    }
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item, false)]));
  };
  return copy(schema, true) as Record<string, unknown>;
}
