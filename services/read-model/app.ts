import { type AnyElysia, Elysia } from "elysia";
import { READ_MODEL_ROUTES, type Route } from "../../contracts/routes.ts";
import { elysiaPath, methodNotAllowed, refuseOtherMethods } from "../../shared/http/other-methods.ts";
import type { Call, Handlers } from "./handlers.ts";

/** Pages are text with a style of their own, and nothing else. */
const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

export interface AppOptions {
  readonly edge: AnyElysia;
  readonly ops: AnyElysia;
  readonly docs: AnyElysia;
  readonly handlers: Handlers;
}

/** The routes of the table with their handlers; another method on one of their paths is METHOD_NOT_ALLOWED. */
export function createApp({ edge, ops, docs, handlers }: AppOptions): AnyElysia {
  const app = new Elysia({ name: "read-model" }).use(edge).use(ops).use(docs);

  for (const [name, route] of Object.entries(READ_MODEL_ROUTES) as [keyof Handlers, Route][]) {
    const streams = route.reply.contentType === "text/event-stream";
    const headers = {
      "cache-control": streams ? "no-cache, no-transform" : "no-store",
      ...(route.reply.contentType && { "content-type": `${route.reply.contentType}; charset=utf-8` }),
      ...(route.reply.contentType === "text/html" && { "content-security-policy": PAGE_POLICY }),
    };
    app.route(
      route.method,
      elysiaPath(route.path),
      async ({ request, params, set }) => {
        if (streams && request.method === "HEAD") throw methodNotAllowed(request, route.path, [route.method]);
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
  refuseOtherMethods(app, READ_MODEL_ROUTES);
  return app;
}
