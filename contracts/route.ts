import { type TOptional, type TSchema, Type } from "@sinclair/typebox";
import type { FilterLanguage } from "./filter-keys.ts";
import type { ProblemCode } from "./problem.ts";
import { Uuid } from "./schema.ts";

/**
 * One HTTP route as its callers see it. The OpenAPI document is generated from it and requests are checked against it,
 * so the two cannot differ.
 */
export interface Route {
  readonly method: "GET" | "POST" | "DELETE";
  /** With `{name}` for each path parameter (OpenAPI's notation). */
  readonly path: string;
  readonly summary: string;
  readonly params?: Readonly<Record<string, TSchema>>;
  readonly query?: Readonly<Record<string, TSchema>>;
  /** The language of a list's filter; each of its keys is a parameter of the query. */
  readonly filter?: FilterLanguage;
  readonly headers?: Readonly<Record<string, TSchema>>;
  /**
   * `optional` bodies may be absent; every body is application/json, of at most 64 KiB where `maxBytes` is not given.
   */
  readonly body?: { readonly schema: TSchema; readonly optional?: true; readonly maxBytes?: number };
  readonly reply: {
    readonly status: 200 | 202 | 307;
    readonly schema: TSchema;
    readonly contentType?: string;
  };
  readonly problems: readonly ProblemCode[];
}

/** The refusals of every route with a body. */
export const BODY_PROBLEMS: readonly ProblemCode[] = [
  "MALFORMED_JSON",
  "VALIDATION_FAILED",
  "PAYLOAD_TOO_LARGE",
  "UNSUPPORTED_MEDIA_TYPE",
];

/** The path parameter of a route about one thing. */
export const ID_PARAM = { id: Uuid };

/** An optional parameter with a default: handlers always see a value. */
export function defaulted<T extends TSchema, V extends string | number>(
  schema: T,
  value: V,
): TOptional<T> & { readonly default: V } {
  return Type.Optional({ ...schema, default: value }) as TOptional<T> & { readonly default: V };
}

/** The parameters of every list besides its filter. */
export const PAGE_QUERY = {
  limit: defaulted(Type.Integer({ minimum: 1, maximum: 500 }), 50),
  cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
};
