import { FormatRegistry, Kind, type TSchema, Type, TypeRegistry } from "@sinclair/typebox";

const ID_BASE = "https://task-observatory.dev/schemas";

/**
 * The contracts' two string formats as patterns. Every validator checks a pattern in the same way, whereas validators
 * interpret `format` differently, and many ignore it. A timestamp follows RFC 3339, except for values that PostgreSQL
 * or `Date` cannot represent: leap seconds, year 0, and offsets of 16 hours or more.
 */
export const FORMAT_PATTERNS: Readonly<Record<string, string>> = {
  uuid: "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-8][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$",
  "date-time":
    "^(?:000[1-9]|00[1-9]\\d|0[1-9]\\d{2}|[1-9]\\d{3})-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])[Tt](?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,9})?(?:[Zz]|[+-](?:0\\d|1[0-5]):[0-5]\\d)$",
};
const UUID = new RegExp(FORMAT_PATTERNS.uuid!);
const DATE_TIME = new RegExp(FORMAT_PATTERNS["date-time"]!);

// TypeBox refuses unknown formats, so both are registered here.
FormatRegistry.Set("uuid", (value) => UUID.test(value));
FormatRegistry.Set(
  "date-time",
  (value) => DATE_TIME.test(value) && isDayOfItsMonth(value) && isWritable(value),
);

/** Whether a value is a UUID as the contracts define it: version 1 to 8, in the RFC 9562 variant. */
export function isUuid(value: string): boolean;
export function isUuid(value: unknown): value is string;
export function isUuid(value: unknown): boolean {
  return typeof value === "string" && UUID.test(value);
}

/** Whether a value is a timestamp as the contracts define it. */
export function isTimestamp(value: unknown): value is string {
  return typeof value === "string" && FormatRegistry.Get("date-time")?.(value) === true;
}

/** Checks the day against its month, because `Date.parse` reads 30 February as 2 March. */
function isDayOfItsMonth(value: string): boolean {
  const day = Number(value.slice(8, 10));
  if (day <= 28) return true;
  const month = Number(value.slice(5, 7));
  if (month !== 2) return day <= (month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31);
  const year = Number(value.slice(0, 4));
  return day === 29 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** Checks the year in UTC: an offset may move a time out of the allowed years, before year 1 or after year 9999. */
function isWritable(value: string): boolean {
  if (!value.startsWith("0001") && !value.startsWith("9999")) return true;
  return /^(?!0000)\d{4}-/.test(new Date(value).toISOString());
}

export const Uuid = Type.String({ format: "uuid" });
export const Timestamp = Type.String({ format: "date-time", description: "An RFC 3339 time with an offset" });
export const SemVer = Type.String({
  pattern: "^(0|[1-9]\\d*)\\.(0|[1-9]\\d*)\\.(0|[1-9]\\d*)$",
  maxLength: 32,
});
export const JsonObject = Type.Record(Type.String(), Type.Unknown());
export const Count = Type.Integer({ minimum: 0 });
/** A duration in milliseconds. It may have a fraction, because a no-op attempt takes less than one millisecond. */
export const Millis = Type.Number({ minimum: 0 });

// TypeBox has no built-in check for `enum`.
TypeRegistry.Set<{ enum: readonly unknown[] }>("StringEnum", (schema, value) => schema.enum.includes(value));

/** A union of string literals, written as an `enum`, which code generators for other languages understand. */
export function StringEnum<const T extends readonly string[]>(
  values: T,
  options: { description?: string; default?: T[number] } = {},
) {
  return Type.Unsafe<T[number]>({ ...options, [Kind]: "StringEnum", type: "string", enum: [...values] });
}

TypeRegistry.Set<{ enum: readonly unknown[] }>("IntegerEnum", (schema, value) => schema.enum.includes(value));

/** A union of integer literals, written as an `enum`. */
export function IntegerEnum<const T extends readonly number[]>(
  values: T,
  options: { description?: string; default?: T[number] } = {},
) {
  return Type.Unsafe<T[number]>({ ...options, [Kind]: "IntegerEnum", type: "integer", enum: [...values] });
}

/** A published schema: its name, its SemVer version, and its TypeBox source. */
export interface PublishedSchema {
  readonly name: string;
  readonly version: string;
  readonly schema: TSchema;
}

/**
 * Marks a schema as published by setting `$version` and a stable `$id` derived from the name. Returns the same object,
 * so its static type is unchanged.
 */
export function published<T extends TSchema>(name: string, version: string, schema: T): T {
  return Object.assign(schema, { $id: schemaId(name), $version: version });
}

/** Returns the `$id` of the published schema with this name. */
export function schemaId(name: string): string {
  return `${ID_BASE}/${name}.json`;
}

/** Reads the name and version of a schema that went through {@link published}. */
export function publication(schema: TSchema): PublishedSchema {
  const name = String(schema.$id).slice(ID_BASE.length + 1, -".json".length);
  return { name, version: String(schema.$version), schema };
}
