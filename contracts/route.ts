import { type TOptional, type TSchema, Type } from "@sinclair/typebox";
import type { FilterLanguage } from "./filter-keys.ts";
import type { ProblemCode } from "./problem.ts";
import { Uuid } from "./schema.ts";

/**
 * An HTTP route as its callers see it. The OpenAPI document is generated from it and requests are checked against it,
 * so documentation and behavior cannot differ.
 */
export interface Route {
  readonly method: "GET" | "POST" | "DELETE";
  /** Path parameters are written `{name}`, as in OpenAPI. */
  readonly path: string;
  readonly summary: string;
  readonly params?: Readonly<Record<string, TSchema>>;
  readonly query?: Readonly<Record<string, TSchema>>;
  /** The filter language of a list; each of its keys is a query parameter. */
  readonly filter?: FilterLanguage;
  readonly headers?: Readonly<Record<string, TSchema>>;
  /**
   * Only an `optional` body may be missing. Every body is application/json; `maxBytes` overrides the limit of 64 KiB.
   */
  readonly body?: { readonly schema: TSchema; readonly optional?: true; readonly maxBytes?: number };
  readonly reply: {
    readonly status: 200 | 202 | 307;
    readonly schema: TSchema;
    readonly contentType?: string;
  };
  readonly problems: readonly ProblemCode[];
}

/** The refusals that any route with a body can return. */
export const BODY_PROBLEMS: readonly ProblemCode[] = [
  "MALFORMED_JSON",
  "VALIDATION_FAILED",
  "PAYLOAD_TOO_LARGE",
  "UNSUPPORTED_MEDIA_TYPE",
];

/** The path parameter of a route about a single resource. */
export const ID_PARAM = { id: Uuid };

/** Makes a parameter optional with a default, so handlers always receive a value. */
export function defaulted<T extends TSchema, V extends string | number>(
  schema: T,
  value: V,
): TOptional<T> & { readonly default: V } {
  return Type.Optional({ ...schema, default: value }) as TOptional<T> & { readonly default: V };
}
