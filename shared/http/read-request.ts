import { Kind, type Static, type TObject, type TSchema, Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import type { ValueError } from "@sinclair/typebox/errors";
import type { ProblemCode } from "../../contracts/problem.ts";
import type { Route } from "../../contracts/routes.ts";
import { AppError } from "../errors.ts";

const MAX_FAULTS = 20;

/** The first twenty places of a value that are at fault, by JSON pointer, each with its first fault. */
export function faultsOf(errors: Iterable<ValueError>): { path: string; message: string }[] {
  const faults = new Map<string, string>();
  for (const error of errors) {
    // A field that is missing is at fault twice for TypeBox: it is required, and it has no type.
    for (const { path, schema, message } of inChoice(error))
      if (!faults.has(path)) faults.set(path, wantedBy(schema) ?? message);
    if (faults.size >= MAX_FAULTS) break;
  }
  return [...faults].slice(0, MAX_FAULTS).map(([path, message]) => ({ path: path || "/", message }));
}

/** Of a union, the faults within the choice that was meant: the one that is only wrong further inside. */
function inChoice(error: ValueError): ValueError[] {
  for (const choice of error.errors) {
    const inside = Iterator.from(choice[Symbol.iterator]()).take(MAX_FAULTS).toArray();
    if (inside[0] && inside.every(({ path }) => path !== error.path)) return inside.flatMap(inChoice);
  }
  return [error];
}

/** TypeBox says only "Expected union value" of an enum or a union: what was wanted is more help. */
function wantedBy(schema: TSchema): string | undefined {
  if (schema[Kind] === "StringEnum" || schema[Kind] === "IntegerEnum")
    return `Expected one of ${spelledOnce(schema.enum as unknown[]).join(", ")}`;
  const choices: TSchema[] = schema.anyOf ?? [];
  const [first] = choices.flatMap((one) => wantedBy(one) ?? []);
  if (first) return choices.some(({ type }) => type === "array") ? `${first}, or a list of them` : first;
  return choices.length > 0 && schema.description ? `Not as described: ${schema.description}` : undefined;
}

/** Without what differs from an earlier value in case alone. */
function spelledOnce(values: readonly unknown[]): unknown[] {
  return [
    ...new Map(values.toReversed().map((value) => [String(value).toLowerCase(), value])).values(),
  ].toReversed();
}

/** Compile a schema to a check that throws a refusal of this code, naming each fault. */
export function createCheck<T extends TSchema>(
  schema: T,
  code: ProblemCode,
  what: string,
): (value: unknown) => Static<T> {
  const checker = TypeCompiler.Compile(schema);
  return (value) => {
    if (checker.Check(value)) return value;
    const errors = faultsOf(checker.Errors(value));
    const first = errors[0];
    throw new AppError(code, `${what} does not match its schema: ${first?.path} ${first?.message}`, {
      errors,
    });
  };
}

/** From the first header to the last byte of a body. */
export const MAX_BODY_MS = 30_000;

/**
 * Reads a JSON body of at most `maxBytes`. Refuses with UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE (also when the length
 * was not declared), REQUEST_TIMEOUT, MALFORMED_JSON. Undefined when there is no body and it may be absent.
 */
export async function readJson(
  request: Request,
  maxBytes: number,
  optional = false,
  maxMs = MAX_BODY_MS,
): Promise<unknown> {
  const declared = Number(request.headers.get("content-length") ?? Number.NaN);
  if (declared > maxBytes) throw tooLarge(maxBytes);
  if (optional && (declared === 0 || request.body === null)) return undefined;
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type))
    throw new AppError(
      "UNSUPPORTED_MEDIA_TYPE",
      `Content-Type is ${JSON.stringify(type.slice(0, 100))}, expected application/json`,
    );
  const reading = Number.isNaN(declared) ? readBounded(request, maxBytes) : request.text();
  const text = await inTime(reading, maxMs);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError(
      "MALFORMED_JSON",
      `The body is not valid JSON: ${(cause as Error).message.replace(/^JSON Parse error: /, "")}`,
      { cause },
    );
  }
}

async function readBounded(request: Request, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function inTime(reading: Promise<string>, maxMs: number): Promise<string> {
  let timer: Timer | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new AppError("REQUEST_TIMEOUT", `The body was not complete after ${maxMs / 1_000} s`));
    }, maxMs);
  });
  try {
    return await Promise.race([reading, late]);
  } finally {
    clearTimeout(timer);
  }
}

function tooLarge(maxBytes: number): AppError {
  return new AppError("PAYLOAD_TOO_LARGE", `The body is larger than ${maxBytes} bytes`, {
    facts: { maxBytes },
  });
}

type QueryOf<Q extends Readonly<Record<string, TSchema>>> = Static<
  TObject<{ -readonly [K in keyof Q]: Q[K] }>
>;

/**
 * A reader of a route's query, from the same table that documents it: text becomes numbers, defaults are filled in,
 * unknown parameters are refused by name. Parameters for which `extra` is true are left to the caller.
 */
export function createQueryReader<Q extends Readonly<Record<string, TSchema>>>(
  route: Route & { query: Q },
  extra: (name: string) => boolean = () => false,
): (url: URL) => QueryOf<Q> {
  const check = createCheck<TSchema>(
    Type.Object({ ...route.query }, { additionalProperties: false }),
    "INVALID_QUERY",
    "The query",
  );
  return (url) => {
    const values: Record<string, unknown> = {};
    for (const [name, schema] of Object.entries(route.query)) {
      const text = url.searchParams.get(name);
      if (text === null) {
        if (schema.default !== undefined) values[name] = schema.default;
      } else values[name] = schema.type === "integer" && text.trim() !== "" ? Number(text) : text;
    }
    const unknown = [...url.searchParams.keys()].filter(
      (name) => !Object.hasOwn(route.query, name) && !extra(name),
    );
    if (unknown.length > 0)
      throw new AppError(
        "INVALID_QUERY",
        `Unknown query parameter ${unknown[0]}; known are ${Object.keys(route.query).join(", ")}`,
      );
    // The table is generic here, so the compiler cannot follow that its own schema was checked.
    return check(values) as unknown as QueryOf<Q>;
  };
}

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** An id from a path, in lower case. Refuses with INVALID_ID. */
export function readId(text: string): string {
  if (!UUID.test(text))
    throw new AppError("INVALID_ID", `The id is ${JSON.stringify(text.slice(0, 64))}, expected a UUID`);
  return text.toLowerCase();
}
