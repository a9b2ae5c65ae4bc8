import type { TSchema } from "@sinclair/typebox";
import { FORMAT_PATTERNS, publication } from "./schema.ts";

/**
 * Copies a schema as plain JSON. Replaces each published schema inside it with a `$ref`, and adds to each format the
 * pattern that defines it exactly. `toRef` builds a reference from a published name; `onReference` receives each
 * referenced schema, so a document can include it.
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
    const plain = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item, false)]));
    const pattern = plain.type === "string" ? FORMAT_PATTERNS[String(plain.format)] : undefined;
    return pattern ? { ...plain, pattern } : plain;
  };
  return copy(schema, true) as Record<string, unknown>;
}
