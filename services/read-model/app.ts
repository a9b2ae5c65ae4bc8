import { type AnyElysia, Elysia } from "elysia";
import { READ_MODEL_ROUTES, type Route } from "../../contracts/routes.ts";
import { AppError } from "../../shared/errors.ts";
import type { Call, Handlers } from "./handlers.ts";

export interface AppOptions {
  readonly edge: AnyElysia;
  readonly ops: AnyElysia;
  readonly docs: AnyElysia;
  readonly handlers: Handlers;
}

/** The routes of the table with their handlers; another method on one of their paths is METHOD_NOT_ALLOWED. */
export function createApp({ edge, ops, docs, handlers }: AppOptions): AnyElysia {
  const app = new Elysia({ name: "read-model" }).use(edge).use(ops).use(docs);
  const methods = new Map<string, string[]>();

  for (const [name, route] of Object.entries(READ_MODEL_ROUTES) as [keyof Handlers, Route][]) {
    const path = route.path.replaceAll(/\{(\w+)\}/g, ":$1");
    const streams = route.reply.contentType === "text/event-stream";
    const headers = {
      "cache-control": streams ? "no-cache, no-transform" : "no-store",
      ...(streams && { "content-type": "text/event-stream; charset=utf-8" }),
    };
    // HEAD is answered like GET without a body, except where that would open a stream which nobody reads.
    methods.set(path, [
      ...(methods.get(path) ?? []),
      ...(route.method === "GET" && !streams ? ["GET", "HEAD"] : [route.method]),
    ]);
    app.route(
      route.method,
      path,
      async ({ request, params, set }) => {
        if (streams && request.method === "HEAD") throw notAllowed(request, path, [route.method]);
        const call: Call = { request, params };
        const reply = await handlers[name](call);
        Object.assign(set.headers, headers);
        return reply instanceof ReadableStream
          ? new Response(reply, { headers: set.headers as Record<string, string> })
          : reply;
      },
      // Bodies are read by the handlers, which bound them.
      { parse: "none" },
    );
  }
  for (const [path, allowed] of methods)
    app.all(path, ({ request }) => {
      throw notAllowed(request, path, allowed);
    });
  return app;
}

function notAllowed(request: Request, path: string, allowed: readonly string[]): AppError {
  return new AppError("METHOD_NOT_ALLOWED", `${path} has ${allowed.join(", ")}, not ${request.method}`, {
    facts: { allowed },
  });
}
