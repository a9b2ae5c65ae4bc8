import { readFileSync } from "node:fs";
import Ajv from "ajv";
import { kindsOf, SCHEMAS } from "../../kind/source/export-schemas.ts";
import type { Manifest } from "./manifests.ts";

type Schema = Readonly<Record<string, unknown>>;

/**
 * A schema that refuses what the API server would drop: fields that it does not have. A place for a number or a text
 * says string in the published schema, whatever its format is.
 */
function strict(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strict);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, one]) => [key, strict(one)] as const);
  const schema = Object.fromEntries(entries.filter(([key]) => !key.startsWith("x-kubernetes")));
  if (schema.format === "int-or-string") return { type: ["string", "integer"] };
  if (schema.properties && schema.type === "object" && !("additionalProperties" in schema))
    return { ...schema, additionalProperties: false };
  return schema;
}

const { definitions } = JSON.parse(readFileSync(SCHEMAS, "utf8")) as { definitions: Record<string, Schema> };
const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
const strictly = Object.fromEntries(Object.entries(definitions).map(([name, one]) => [name, strict(one)]));
const validators = new Map(
  Object.entries(definitions).flatMap(([name, definition]) =>
    kindsOf(definition).map((kind) => {
      const schema = { definitions: strictly, $ref: `#/definitions/${name}` };
      return [kind, () => ajv.compile(schema)] as const;
    }),
  ),
);
const compiled = new Map<string, ReturnType<typeof ajv.compile>>();

/** Returns what Kubernetes' schemas say against an object, one line per fault. */
export function faultsOf(object: Manifest): string[] {
  const kind = `${object.apiVersion} ${object.kind}`;
  const validate = compiled.get(kind) ?? validators.get(kind)?.();
  if (!validate) return [`there is no schema of ${kind}: name it in kind/source/export-schemas.ts`];
  compiled.set(kind, validate);
  const isValid: boolean = validate(object);
  if (isValid) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) =>
      `${object.kind} ${object.metadata.name}${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}
