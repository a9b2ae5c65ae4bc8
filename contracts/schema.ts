import { FormatRegistry, Kind, type TSchema, Type, TypeRegistry } from "@sinclair/typebox";

const ID_BASE = "https://task-observatory.dev/schemas";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
const RFC3339 =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i;

// TypeBox refuses formats it does not know, so the two that the contracts use are declared here, once.
FormatRegistry.Set("uuid", (value) => UUID.test(value));
FormatRegistry.Set("date-time", (value) => RFC3339.test(value) && !Number.isNaN(Date.parse(value)));

export const Uuid = Type.String({ format: "uuid" });
export const Timestamp = Type.String({ format: "date-time", description: "RFC 3339 with an offset" });
export const SemVer = Type.String({
  pattern: "^(0|[1-9]\\d*)\\.(0|[1-9]\\d*)\\.(0|[1-9]\\d*)$",
  maxLength: 32,
});
export const JsonObject = Type.Record(Type.String(), Type.Unknown());
export const Count = Type.Integer({ minimum: 0 });
/** A duration in milliseconds; fractions are kept because a no-op attempt takes less than one. */
export const Millis = Type.Number({ minimum: 0 });

// TypeBox itself does not look at `enum`, so it is taught to.
TypeRegistry.Set<{ enum: readonly unknown[] }>("StringEnum", (schema, value) => schema.enum.includes(value));

/** A union of string literals, written as the `enum` that other languages' generators understand. */
export function StringEnum<const T extends readonly string[]>(
  values: T,
  options: { description?: string; default?: T[number] } = {},
) {
  return Type.Unsafe<T[number]>({ ...options, [Kind]: "StringEnum", type: "string", enum: [...values] });
}

/** A schema of the published catalogue: its name, SemVer version and the TypeBox source. */
export interface PublishedSchema {
  readonly name: string;
  readonly version: string;
  readonly schema: TSchema;
}

/**
 * Give a schema its place in the catalogue: a stable `$id` made of its name, and a `$version`.
 * The same object goes on being the source of its static type.
 */
export function published<T extends TSchema>(name: string, version: string, schema: T): T {
  return Object.assign(schema, { $id: `${ID_BASE}/${name}.json`, $version: version });
}

/** Read name and version back from a schema made by {@link published}. */
export function publication(schema: TSchema): PublishedSchema {
  const name = String(schema.$id).slice(ID_BASE.length + 1, -".json".length);
  return { name, version: String(schema.$version), schema };
}
