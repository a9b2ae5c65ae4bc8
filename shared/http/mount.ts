import type { Static } from "@sinclair/typebox";
import type { AnyElysia } from "elysia";
import type { Route } from "../../contracts/route.ts";
import { type Call, createCallReader, type Incoming } from "./call.ts";
import { elysiaPath, methodNotAllowed, refuseOtherMethods } from "./other-methods.ts";

type Routes = Readonly<Record<string, Route>>;

/** What a handler returns: the reply of its table, or a whole response, such as one that is passed on. */
export type ReplyOf<R extends Route> = R["reply"] extends { contentType: "text/event-stream" }
  ? ReadableStream<Uint8Array>
  : Static<R["reply"]["schema"]> | Response;

export type Handler<R extends Route> = (call: Call<R>) => Promise<ReplyOf<R>> | ReplyOf<R>;

/** A handler for each route of a table; the compiler sees that none is missing and that each reply fits its schema. */
export type Handlers<T extends Routes> = { readonly [K in keyof T]: Handler<T[K]> };

export interface MountOptions<T extends Routes> {
  /** Body limits that are settings instead of the table's. */
  readonly maxBodyBytes?: { readonly [K in keyof T]?: number };
  /** Headers of every successful reply of a route. */
  readonly headers?: (route: Route) => Readonly<Record<string, string>>;
  /** Translates and rethrows what a handler threw; for store errors. */
  readonly translate?: (error: unknown) => never;
}

/**
 * Adds the routes of a table to an app; another method on one of their paths is METHOD_NOT_ALLOWED. Mount them last.
 */
export function mount<T extends Routes>(
  app: AnyElysia,
  routes: T,
  handlers: Handlers<T>,
  { maxBodyBytes = {}, headers = () => ({}), translate }: MountOptions<T> = {},
): AnyElysia {
  for (const [name, route] of Object.entries(routes)) {
    const read = createCallReader(route, maxBodyBytes[name]);
    const handler = handlers[name] as unknown as Handler<Route>;
    const streams = route.reply.contentType === "text/event-stream";
    const { contentType } = route.reply;
    const replyHeaders = {
      ...headers(route),
      ...(contentType && { "content-type": `${contentType}; charset=utf-8` }),
    };

    const answer = async (incoming: Incoming) => {
      try {
        return await handler(read(incoming));
      } catch (error) {
        return translate ? translate(error) : Promise.reject(error);
      }
    };
    app.route(
      route.method,
      elysiaPath(route.path),
      async ({ request, params, set, correlationId }) => {
        if (streams && request.method === "HEAD") throw methodNotAllowed(request, route.path, [route.method]);
        const reply = await answer({ request, params, correlationId, replyHeaders: set.headers });
        if (reply instanceof Response) return reply;
        Object.assign(set.headers, replyHeaders);
        set.status = route.reply.status;
        return reply instanceof ReadableStream
          ? new Response(reply, { headers: set.headers as Record<string, string> })
          : reply;
      },
      // The handlers read bodies, which bounds them.
      { parse: "none" },
    );
  }
  refuseOtherMethods(app, routes);
  return app;
}
