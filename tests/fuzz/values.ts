import { Kind, type TSchema } from "@sinclair/typebox";
import type { Random } from "../support/random.ts";

/** Texts that have broken this project, or that break databases, parsers or templates. */
export const HOSTILE_TEXTS: readonly string[] = [
  "",
  " ",
  "\u0000",
  "a\u0000b",
  "\ud800",
  "\udfff\ud800",
  "\ufeff",
  "é\u0301😀東京",
  "x".repeat(300),
  "x".repeat(5_000),
  "' or 1=1 --",
  "$1",
  "\\",
  '"',
  "%",
  "%00",
  "%FF",
  "../../etc/passwd",
  "__proto__",
  "constructor",
  "{{7*7}}",
  "\r\nX-Injected: 1",
  "null",
  "NaN",
  "-1",
  "1e308",
  "9".repeat(400),
  "2026-02-30T00:00:00Z",
  "0000-01-01T00:00:00Z",
  "9999-12-31T23:59:59.999999999+15:59",
  "+275760-09-13T00:00:00.001Z",
  "00000000-0000-0000-0000-000000000000",
  "ffffffff-ffff-ffff-ffff-ffffffffffff",
  "[]",
  "{}",
  "5m",
  "999999d",
  "status:failed type:hash",
  'payload.a:"',
  "a:b:c \\",
];

const HOSTILE_NUMBERS = [-1, 0, 0.5, -0, 1e308, 5e-324, 2 ** 31, 2 ** 53, 2 ** 63, 1e21];

/** Returns a value of any shape and limited depth. */
export function anyValue(random: Random, depth = 0): unknown {
  const scalar = () =>
    random.pick<() => unknown>([
      () => random.pick(HOSTILE_TEXTS),
      () => random.pick(HOSTILE_NUMBERS),
      () => random.pick([true, false, null]),
    ])();
  if (depth > 3 || random.between(0, 2) > 0) return scalar();
  const items = Array.from({ length: random.between(0, 4) }, () => anyValue(random, depth + 1));
  if (random.between(0, 1) === 0) return items;
  return Object.fromEntries(items.map((item) => [random.pick(HOSTILE_TEXTS), item]));
}

/** Returns a value that a schema most likely accepts. Numbers are small, so no job runs for long. */
export function validValue(schema: TSchema, random: Random): unknown {
  const again = (inner: TSchema) => validValue(inner, random);
  if (schema.const !== undefined) return schema.const;
  if (Array.isArray(schema.enum)) return random.pick(schema.enum);
  switch (schema[Kind]) {
    case "Object":
      return Object.fromEntries(
        Object.entries(schema.properties as Record<string, TSchema>)
          .filter(([name]) => schema.required?.includes(name) || random.between(0, 2) === 0)
          .map(([name, inner]) => [name, again(inner)]),
      );
    case "Array":
      return Array.from({ length: Math.max(schema.minItems ?? 0, random.between(0, 3)) }, () =>
        again(schema.items),
      );
    case "Record":
      return random.between(0, 1) === 0 ? {} : { text: random.pick(["a", 1, true]) };
    case "Union":
      return again(random.pick(schema.anyOf as TSchema[]));
    case "Intersect":
      return Object.assign({}, ...(schema.allOf as TSchema[]).map(again));
    case "Integer":
    case "Number": {
      const least = schema.minimum ?? 0;
      return random.between(least, Math.min(schema.maximum ?? least + 20, least + 20));
    }
    case "Boolean":
      return random.between(0, 1) === 1;
    case "Null":
      return null;
    case "String":
      return validText(schema, random);
    default:
      return anyValue(random);
  }
}

function validText(schema: TSchema, random: Random): string {
  if (schema.format === "uuid") return crypto.randomUUID();
  if (schema.format === "date-time")
    return new Date(Date.now() + random.between(-86_400_000, 86_400_000)).toISOString();
  if (String(schema.pattern ?? "").startsWith("^https?"))
    return `http://127.0.0.1:${random.between(1, 65_535)}/`;
  if (String(schema.pattern ?? "").includes("ms|s|m|h")) return random.pick(["5m", "2h", "30s", "1d"]);
  return "observe".padEnd(schema.minLength ?? 0, "x").slice(0, schema.maxLength ?? 7);
}

/** Returns the value with one fault somewhere inside it. */
export function nearlyValid(value: unknown, random: Random): unknown {
  if (typeof value !== "object" || value === null) return anyValue(random);
  const entries = Object.entries(value);
  const wrong = random.between(0, entries.length);
  const chosen = entries[wrong];
  if (!chosen)
    return Array.isArray(value)
      ? [...value, anyValue(random)]
      : { ...value, [random.pick(HOSTILE_TEXTS)]: anyValue(random) };
  const [key, inner] = chosen;
  const replaced = random.between(0, 3) === 0 ? undefined : nearlyValid(inner, random);
  return Array.isArray(value)
    ? value.map((item, index) => (String(index) === key ? replaced : item))
    : { ...value, [key]: replaced };
}
