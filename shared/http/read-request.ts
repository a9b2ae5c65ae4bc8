import { Kind, type Static, type TObject, type TSchema, Type } from "@sinclair/typebox";
import { TypeCompiler } from "@sinclair/typebox/compiler";
import type { ValueError } from "@sinclair/typebox/errors";
import { PAGE_QUERY } from "../../contracts/page-query.ts";
import type { ProblemCode } from "../../contracts/problem.ts";
import type { Route } from "../../contracts/route.ts";
import { isUuid } from "../../contracts/schema.ts";
import { LateError, within } from "../async.ts";
import { AppError } from "../errors.ts";

const MAX_FAULTS = 20;

/** Returns the first twenty faulty places in a value, as JSON pointers, each with its first fault. */
export function faultsOf(errors: Iterable<ValueError>): { path: string; message: string }[] {
  const faults = new Map<string, string>();
  for (const error of errors) {
    // TypeBox reports a missing field twice: once as missing, once as having the wrong type.
    for (const { path, schema, message } of inChoice(error))
      if (!faults.has(path)) faults.set(path, wantedBy(schema) ?? message);
    if (faults.size >= MAX_FAULTS) break;
  }
  return [...faults].slice(0, MAX_FAULTS).map(([path, message]) => ({ path: path || "/", message }));
}

/** Returns the end of a sentence about a value that does not match its schema: "at /priority: expected integer". */
export function atFirstFault([fault]: readonly { path: string; message: string }[]): string {
  return fault ? `at ${fault.path}: ${fault.message[0]?.toLowerCase()}${fault.message.slice(1)}` : "";
}

/**
 * Returns the faults inside the union member that the caller intended, or the union's own error if none was
 * recognizable. A member counts as intended if all of its faults lie deeper than the union.
 */
function inChoice(error: ValueError): ValueError[] {
  for (const choice of error.errors) {
    const inside = Iterator.from(choice[Symbol.iterator]()).take(MAX_FAULTS).toArray();
    if (inside[0] && inside.every(({ path }) => path !== error.path)) return inside.flatMap(inChoice);
  }
  return [error];
}

/** Describes what an enum or a union accepts, because TypeBox only says "Expected union value". */
function wantedBy(schema: TSchema): string | undefined {
  if (schema[Kind] === "StringEnum" || schema[Kind] === "IntegerEnum")
    return `Expected one of ${spelledOnce(schema.enum as unknown[]).join(", ")}`;
  const choices: TSchema[] = schema.anyOf ?? [];
  const [first] = choices.flatMap((one) => wantedBy(one) ?? []);
  if (first) return choices.some(({ type }) => type === "array") ? `${first}, or a list of them` : first;
  return choices.length > 0 && schema.description
    ? `Does not match its description: ${schema.description}`
    : undefined;
}

/** Drops values that differ from an earlier one only in case. */
function spelledOnce(values: readonly unknown[]): unknown[] {
  return [
    ...new Map(values.toReversed().map((value) => [String(value).toLowerCase(), value])).values(),
  ].toReversed();
}

/** Compiles a schema to a check that refuses a value with this code and lists its faults. */
export function createCheck<T extends TSchema>(
  schema: T,
  code: ProblemCode,
  what: string,
): (value: unknown) => Static<T> {
  const checker = TypeCompiler.Compile(schema);
  return (value) => {
    if (checker.Check(value)) return value;
    const errors = faultsOf(checker.Errors(value));
    throw new AppError(code, `${what} does not match its schema ${atFirstFault(errors)}`, { errors });
  };
}

/** The time limit for reading a body. */
export const MAX_BODY_MS = 30_000;

/**
 * Reads a JSON body of at most `maxBytes`. Refuses with UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE (even if no length
 * was declared), REQUEST_TIMEOUT or MALFORMED_JSON. Returns undefined if an optional body is missing.
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
  const text = await within(maxMs, reading).catch((error) => {
    if (!(error instanceof LateError)) throw error;
    throw new AppError("REQUEST_TIMEOUT", `The body was not complete after ${maxMs / 1_000} s`);
  });
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

function tooLarge(maxBytes: number): AppError {
  return new AppError("PAYLOAD_TOO_LARGE", `The body is larger than ${maxBytes} bytes`, {
    facts: { maxBytes },
  });
}

type Parameters = Readonly<Record<string, TSchema>>;

/** A query as a handler sees it: parameters with a default always have a value. */
export type QueryOf<Q extends Parameters> = Static<TObject<{ -readonly [K in keyof Q]: Q[K] }>> & {
  readonly [K in keyof Q as Q[K] extends { readonly default: NonNullable<unknown> } ? K : never]: Static<
    Q[K]
  >;
};

/**
 * Creates a reader of a route's query from the query's entry in the route table. The reader converts numbers, fills in
 * defaults, and refuses unknown parameters by name. The handler of a list route reads the filter itself.
 */
export function createQueryReader({ query, filter }: Route): (url: URL) => unknown {
  if (!query) return () => ({});
  const known: Parameters = filter ? PAGE_QUERY : query;
  const check = createCheck<TSchema>(
    Type.Object({ ...known }, { additionalProperties: false }),
    "INVALID_QUERY",
    "The query",
  );
  return ({ searchParams }) => {
    const unknown = [...searchParams.keys()].find((name) => !filter && !Object.hasOwn(known, name));
    if (unknown !== undefined)
      throw new AppError(
        "INVALID_QUERY",
        `Unknown query parameter ${unknown}; the known parameters are ${Object.keys(known).join(", ")}`,
      );
    const values: Record<string, unknown> = {};
    for (const [name, schema] of Object.entries(known)) {
      const text = searchParams.get(name);
      if (text === null) {
        if (schema.default !== undefined) values[name] = schema.default;
      } else values[name] = schema.type === "integer" && text.trim() !== "" ? Number(text) : text;
    }
    return check(values);
  };
}

/** Reads an id from a path, in lower case. Refuses with INVALID_ID. */
export function readId(text: string): string {
  if (!isUuid(text))
    throw new AppError("INVALID_ID", `The id is ${JSON.stringify(text.slice(0, 64))}, expected a UUID`);
  return text.toLowerCase();
}
