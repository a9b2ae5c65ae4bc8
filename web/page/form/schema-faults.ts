import { type OutputUnit, type Schema, Validator } from "@cfworker/json-schema";

/** Messages by the JSON pointer to the invalid value. */
export type Faults = ReadonlyMap<string, string>;

/** Keywords that fail only because a nested keyword fails; the nested keyword gets the message. */
const CONTAINERS = new Set(["properties", "items", "prefixItems", "$ref", "allOf", "additionalProperties"]);

/**
 * Returns a message for each violation of the schema. The keys are paths that start with `at`, in the gateway's form,
 * such as `/payload/text`. The validator interprets the schema, because the page's content security policy forbids
 * validators that compile schemas.
 */
export function schemaFaults(schema: object, value: unknown, at: string): Faults {
  const { errors } = new Validator(structuredClone(schema) as Schema, "2020-12", false).validate(value);
  const faults = new Map<string, string>();
  for (const unit of errors) {
    if (CONTAINERS.has(unit.keyword)) continue;
    const [path, message] = explain(unit, schema, at);
    if (!faults.has(path)) faults.set(path, message);
  }
  return faults;
}

function explain(
  { keyword, keywordLocation, instanceLocation, error }: OutputUnit,
  schema: object,
  at: string,
): [path: string, message: string] {
  const path = `${at}${decodeURI(instanceLocation.slice(1))}`;
  const wanted = valueAt(schema, decodeURI(keywordLocation));
  const number = typeof wanted === "number" ? wanted.toLocaleString("en-US") : String(wanted);
  switch (keyword) {
    case "required":
      return [`${path}/${/"(.*)"/.exec(error)?.[1] ?? ""}`, "Required"];
    case "false":
      return [path, "Not a field of this job type"];
    case "type":
      return [path, `Must be ${ARTICLES[number] ?? number}`];
    case "enum":
      return [path, `Must be one of ${(wanted as unknown[]).map((one) => JSON.stringify(one)).join(", ")}`];
    case "const":
      return [path, `Must be ${JSON.stringify(wanted)}`];
    case "minimum":
      return [path, `Must be at least ${number}`];
    case "exclusiveMinimum":
      return [path, `Must be more than ${number}`];
    case "maximum":
      return [path, `Must be at most ${number}`];
    case "exclusiveMaximum":
      return [path, `Must be less than ${number}`];
    case "multipleOf":
      return [path, `Must be a multiple of ${number}`];
    case "minLength":
      return [path, wanted === 1 ? "Required" : `Must have at least ${number} characters`];
    case "maxLength":
      return [path, `Must have at most ${number} characters`];
    case "pattern":
      return [path, `Must match ${number}`];
    case "minItems":
      return [path, `Must have at least ${number} items`];
    case "maxItems":
      return [path, `Must have at most ${number} items`];
    default:
      return [path, error];
  }
}

const ARTICLES: Readonly<Record<string, string>> = {
  integer: "a whole number",
  number: "a number",
  string: "text",
  boolean: "true or false",
  object: "an object",
  array: "a list",
};

function valueAt(root: object, pointer: string): unknown {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce<unknown>((value, part) => (value as Record<string, unknown> | undefined)?.[part], root);
}

/** Escapes a property name for a JSON pointer (RFC 6901). */
export const pointerPart = (name: string) => name.replaceAll("~", "~0").replaceAll("/", "~1");
