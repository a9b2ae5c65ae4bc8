import type { Static, TSchema } from "@sinclair/typebox";
import type { PAGE_QUERY } from "../../contracts/page-query.ts";
import type { Route } from "../../contracts/route.ts";
import { Uuid } from "../../contracts/schema.ts";
import { createCheck, createQueryReader, type QueryOf, readId, readJson } from "./read-request.ts";

const MAX_BODY_BYTES = 65_536;

/** A request for a route, as its handler sees it. Ids, query, headers and body are checked against the route table. */
export interface Call<R extends Route> {
  readonly request: Request;
  readonly correlationId: string;
  /** Path parameters, with UUIDs in lower case. */
  readonly params: { readonly [K in keyof NonNullable<R["params"]>]: string };
  /**
   * The query, with the route table's defaults. For a list with a filter, it holds only the paging parameters; the
   * filter is in `request.url`.
   */
  readonly query: R extends { filter: string }
    ? QueryOf<typeof PAGE_QUERY>
    : QueryOf<NonNullable<R["query"]>>;
  /** The reply's headers, to which the handler may add. */
  readonly replyHeaders: Record<string, string | number>;
  /**
   * Returns one of the headers in the route table, or undefined if the request lacks it. Throws VALIDATION_FAILED if it
   * is invalid.
   */
  header(name: keyof NonNullable<R["headers"]> & string): string | undefined;
  /**
   * Returns the body; undefined if it is optional and missing. Rejects like {@link readJson} or with VALIDATION_FAILED.
   */
  body(): Promise<BodyOf<R>>;
  /** Returns the unchecked body, for a handler with its own checks. */
  json(): Promise<unknown>;
}

type BodyOf<R extends Route> = R extends { body: { schema: infer S extends TSchema; optional: true } }
  ? Static<S> | undefined
  : R extends { body: { schema: infer S extends TSchema } }
    ? Static<S>
    : never;

/** A request before its checks, as the server passes it to the reader. */
export interface Incoming {
  readonly request: Request;
  readonly correlationId: string;
  readonly params: Readonly<Record<string, string>>;
  readonly replyHeaders: Record<string, string | number>;
}

/** Compiles a route's checks. The returned function throws INVALID_ID or INVALID_QUERY. */
export function createCallReader<R extends Route>(route: R, maxBodyBytes = route.body?.maxBytes) {
  const readQuery = createQueryReader(route);
  const readHeader = createHeaderReader(route.headers ?? {});
  const checkBody = route.body && createCheck(route.body.schema, "VALIDATION_FAILED", "The request");
  const ids = Object.entries(route.params ?? {}).flatMap(([name, schema]) => (schema === Uuid ? name : []));

  return ({ request, correlationId, params, replyHeaders }: Incoming): Call<R> => {
    const json = () => readJson(request, maxBodyBytes ?? MAX_BODY_BYTES, route.body?.optional);
    const call: Call<Route> = {
      request,
      correlationId,
      params: ids.length === 0 ? params : { ...params, ...lowerCase(ids, params) },
      query: readQuery(new URL(request.url)) as Call<Route>["query"],
      replyHeaders,
      header: (name) => readHeader(request, name),
      json,
      async body() {
        const body = await json();
        return (body === undefined && route.body?.optional ? body : checkBody?.(body)) as never;
      },
    };
    // The route is generic here, so the compiler cannot see that its schemas were checked.
    return call as unknown as Call<R>;
  };
}

const lowerCase = (ids: readonly string[], params: Incoming["params"]) =>
  Object.fromEntries(ids.map((name) => [name, readId(params[name] ?? "")]));

function createHeaderReader(headers: Readonly<Record<string, TSchema>>) {
  const checks = new Map(
    Object.entries(headers).map(([name, schema]) => {
      const title = name.replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase());
      return [name, createCheck(schema, "VALIDATION_FAILED", `The ${title} header`)];
    }),
  );
  return (request: Request, name: string): string | undefined => {
    const value = request.headers.get(name) ?? undefined;
    if (value !== undefined) checks.get(name)?.(value);
    return value;
  };
}
