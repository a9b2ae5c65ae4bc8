import { type Static, type TObject, type TProperties, type TSchema, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { StringEnum } from "../contracts/schema.ts";
import { LOG_LEVELS } from "./log.ts";

/**
 * Thrown for a faulty setting or command-line flag. Its message names what is faulty and what was expected, but never
 * shows a secret.
 */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** Marks a variable whose value must not be shown, even if it is invalid. */
export function Secret<T extends TSchema>(schema: T): T {
  return { ...schema, secret: true };
}

/**
 * A URL with one of the given schemes, as in `Url(["amqp", "amqps"])`. It is a secret, because it may hold a password.
 */
export function Url(schemes: readonly string[], options: { default?: string; description?: string } = {}) {
  return Secret(
    Type.String({
      pattern: `^(${schemes.join("|")})://.+`,
      expected: `a URL that starts with ${schemes.map((s) => `${s}://`).join(" or ")}`,
      ...options,
    }),
  );
}

/** Variables that every service understands. */
export const BASE_CONFIG = {
  LOG_LEVEL: StringEnum(LOG_LEVELS, { default: "info", description: "Lowest level that is logged" }),
  BIND_ADDRESS: Type.String({ default: "127.0.0.1", minLength: 1, description: "Address to listen on" }),
  ALLOWED_ORIGINS: Type.String({
    default: "",
    description: "Additional origins, separated by commas, whose pages may call this service",
  }),
  INSTANCE_ID: Type.Optional(
    Type.String({ minLength: 1, maxLength: 128, description: "Name of this process in events and logs" }),
  ),
  STOP_GRACE_MS: Type.Integer({
    default: 10_000,
    minimum: 0,
    maximum: 600_000,
    description: "How long work in progress may take to finish after SIGTERM",
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(
    Url(["http", "https"], {
      description: "OTLP/HTTP endpoint that receives traces; without it, no traces are sent",
    }),
  ),
  OTEL_EXPORTER_OTLP_HEADERS: Type.Optional(
    Secret(
      Type.String({ description: "Headers of requests that send traces, such as name=value,name=value" }),
    ),
  ),
  OTEL_TRACES_SAMPLER_ARG: Type.Number({
    default: 1,
    minimum: 0,
    maximum: 1,
    description: "Fraction of jobs that are traced, from 0 to 1",
  }),
} as const;

export type Env = Readonly<Record<string, string | undefined>>;

/**
 * Reads a schema's variables from an environment. Parses numbers and booleans, treats empty values as missing, fills in
 * defaults, and freezes the result. Throws a {@link ConfigError} that names every faulty variable.
 */
export function readConfig<T extends TProperties>(
  schema: TObject<T>,
  env: Env,
): Readonly<Static<TObject<T>>> {
  const values: Record<string, unknown> = {};
  const faults: string[] = [];
  for (const [name, property] of Object.entries(schema.properties as Record<string, TSchema>)) {
    const text = env[name];
    if (text === undefined || text === "") {
      if (property.default !== undefined) values[name] = property.default;
      else if ((schema.required as string[] | undefined)?.includes(name))
        faults.push(`${name} is missing: expected ${expectation(property)}`);
      continue;
    }
    const value = fromText(text, property);
    if (Value.Check(property, value)) values[name] = value;
    else
      faults.push(
        `${name} is ${property.secret ? "not valid" : JSON.stringify(text)}: expected ${expectation(property)}`,
      );
  }
  if (faults.length > 0) throw new ConfigError(`The environment is not valid:\n  ${faults.join("\n  ")}`);
  return Object.freeze(values) as Readonly<Static<TObject<T>>>;
}

function fromText(text: string, property: TSchema): unknown {
  if (property.type === "integer" || property.type === "number")
    return text.trim() === "" ? text : Number(text);
  if (property.type === "boolean")
    return text === "true" || text === "1" ? true : text === "false" || text === "0" ? false : text;
  return text;
}

function expectation(property: TSchema): string {
  if (property.expected) return String(property.expected);
  if (property.enum) return `one of ${(property.enum as string[]).join(", ")}`;
  if (property.type === "boolean") return "true or false";
  if (property.type === "integer" || property.type === "number") {
    const bounds = [
      property.minimum === undefined ? "" : `at least ${property.minimum}`,
      property.maximum === undefined ? "" : `at most ${property.maximum}`,
    ].filter(Boolean);
    return [property.type === "integer" ? "a whole number" : "a number", ...bounds].join(", ");
  }
  return property.pattern ? `text that matches ${property.pattern}` : "text";
}
