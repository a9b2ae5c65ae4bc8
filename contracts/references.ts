import type { TSchema } from "@sinclair/typebox";
import { FORMAT_PATTERNS, publication } from "./schema.ts";

/**
 * Copies a schema as plain JSON in which every published schema inside it is a `$ref`, and every format is accompanied
 * by the pattern that defines it exactly. `toRef` makes the reference from the published name; `onReference` is called
 * for each one, so that a document can include its target.
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
