import type { Static } from "@sinclair/typebox";
import type { AnyElysia } from "elysia";
import type { Route } from "../../contracts/route.ts";
import { type Call, createCallReader, type Incoming } from "./call.ts";
import { elysiaPath, methodNotAllowed, refuseOtherMethods } from "./other-methods.ts";

type Routes = Readonly<Record<string, Route>>;

/**
 * A handler's result: the reply that its route defines, or a complete `Response`, such as one received from another
 * service.
 */
export type ReplyOf<R extends Route> = R["reply"] extends { contentType: "text/event-stream" }
  ? ReadableStream<Uint8Array>
  : Static<R["reply"]["schema"]> | Response;

export type Handler<R extends Route> = (call: Call<R>) => Promise<ReplyOf<R>> | ReplyOf<R>;

/** A handler for each route in a table. The compiler checks that none is missing and that replies fit their schemas. */
export type Handlers<T extends Routes> = { readonly [K in keyof T]: Handler<T[K]> };

export interface MountOptions<T extends Routes> {
  /** Body limits by route, from settings. They override the limits in the route table. */
  readonly maxBodyBytes?: { readonly [K in keyof T]?: number };
  /** Returns the headers of a route's successful replies. */
  readonly headers?: (route: Route) => Readonly<Record<string, string>>;
  /** Throws a handler's error, for example one from a store, as an error that clients understand. */
  readonly translate?: (error: unknown) => never;
}

/**
 * Adds a table's routes to an app, and refuses other methods on their paths with METHOD_NOT_ALLOWED. Call it after
 * adding all other routes.
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
      // Handlers read bodies themselves, with limits.
      { parse: "none" },
    );
  }
  refuseOtherMethods(app, routes);
  return app;
}
