import { type AnyElysia, Elysia } from "elysia";
import { READ_MODEL_ROUTES } from "../../contracts/read-model-routes.ts";
import type { Route } from "../../contracts/route.ts";
import { type Handlers, mount } from "../../shared/http/mount.ts";

/** Pages contain their own styles and load nothing. */
const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

export interface AppOptions {
  readonly edge: AnyElysia;
  readonly ops: AnyElysia;
  readonly docs: AnyElysia;
  readonly handlers: Handlers<typeof READ_MODEL_ROUTES>;
}

/** Serves the read-model's routes, operations and docs. */
export function createApp({ edge, ops, docs, handlers }: AppOptions): AnyElysia {
  const app = new Elysia({ name: "read-model" }).use(edge).use(ops).use(docs);
  return mount(app, READ_MODEL_ROUTES, handlers, { headers: headersOf });
}

const headersOf = ({ reply }: Route) => ({
  "cache-control": reply.contentType === "text/event-stream" ? "no-cache, no-transform" : "no-store",
  ...(reply.contentType === "text/html" && { "content-security-policy": PAGE_POLICY }),
});
