import { readFileSync } from "node:fs";
import Ajv from "ajv";
import { kindsOf, SCHEMAS } from "../../kind/source/export-schemas.ts";
import type { Manifest } from "./manifests.ts";

type Schema = Readonly<Record<string, unknown>>;

/**
 * Makes a schema reject unknown fields, which the API server would silently drop. Also allows numbers where the
 * published schema says `string` for a field that takes a number or text.
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

/** Returns an object's violations of Kubernetes' schemas, one line each. */
export function faultsOf(object: Manifest): string[] {
  const kind = `${object.apiVersion} ${object.kind}`;
  const validate = compiled.get(kind) ?? validators.get(kind)?.();
  if (!validate) return [`there is no schema for ${kind}: add it in kind/source/export-schemas.ts`];
  compiled.set(kind, validate);
  const isValid: boolean = validate(object);
  if (isValid) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) =>
      `${object.kind} ${object.metadata.name}${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}
