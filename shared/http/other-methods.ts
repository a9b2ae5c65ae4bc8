import type { AnyElysia } from "elysia";
import type { Route } from "../../contracts/route.ts";
import { AppError } from "../errors.ts";

/** Converts a route's path to Elysia's notation: `{id}` becomes `:id`. */
export const elysiaPath = (path: string) => path.replaceAll(/\{(\w+)\}/g, ":$1");

/**
 * Refuses all methods that the route table does not list for a path, and names the allowed ones (RFC 9110, section
 * 15.5.6). Call it after the routes themselves have been added.
 */
export function refuseOtherMethods(app: AnyElysia, routes: Readonly<Record<string, Route>>): void {
  const methods = new Map<string, string[]>();
  for (const route of Object.values(routes))
    methods.set(route.path, [...(methods.get(route.path) ?? []), ...methodsOf(route)]);
  for (const [path, allowed] of methods)
    app.all(elysiaPath(path), ({ request }) => {
      throw methodNotAllowed(request, path, allowed);
    });
}

export function methodNotAllowed(request: Request, path: string, allowed: readonly string[]): AppError {
  return new AppError("METHOD_NOT_ALLOWED", `${path} supports ${allowed.join(", ")}, not ${request.method}`, {
    facts: { allowed },
  });
}

/** HEAD is answered like GET, without a body, unless that would open a stream that has no reader. */
function methodsOf({ method, reply }: Route): string[] {
  return method === "GET" && reply.contentType !== "text/event-stream" ? ["GET", "HEAD"] : [method];
}
